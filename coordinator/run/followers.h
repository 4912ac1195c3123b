// The output of tasks for `rollcall follow`, while the tasks run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/messages/output.h"
#include "common/model/ids.h"
#include "common/model/task.h"
#include "coordinator/control/lines.h"
#include "coordinator/core/output/output_rows.h"
#include "coordinator/core/scheduler.h"
#include "coordinator/kinds/task_kind.h"

namespace rollcall::coordinator {

class Follower;

/// Makes the lines that a follower of a task gets, each a JSON object:
///   {"schema": "rollcall/follow/1", "task": N, "waits": BOOL}  the first line
///   {"stdout": BASE64}, {"stderr": BASE64}                     bytes, in the order of their stream
///   {"missing": N, "stream": "stdout"}                         bytes that cannot be read any more
///   {"again": TEXT}                                            an attempt ended; another follows
///   {"end": OUTCOME, "text": TEXT}                             the last line; TEXT: why it failed
///   {"error": TEXT}                                            the last line
///
/// A follower reads a part of the spool when its connection has sent the part before, so nothing
/// waits for it, and it takes little memory. When an attempt ends, its output may be printed and
/// deleted at any time: then what the follower has not read is copied to memory, up to
/// limits::followed_end_bytes of each stream, and the rest is missing.
///
/// The event loop reports what happens. One owner, one thread.
class Followers {
 public:
  /// Both outlive this. `journal`: path of the journal, or empty.
  Followers(const Scheduler& scheduler, TaskKind& kind, std::string journal)
      : scheduler_(scheduler), kind_(kind), journal_(std::move(journal)) {}

  /// The output of a task that exists. A permanent error has the reason why it cannot be followed.
  Result<std::shared_ptr<ControlLines>> follow(TaskId task);

  /// The spool has taken rows of this message.
  void output_taken(const rollcall::Output& output);
  /// The scheduler has processed a report with these outcomes. Before TaskKind::received(). Copies
  /// what it needs.
  void reported(const OutcomeColumns& outcomes);
  /// After each step, and after TaskKind::received(): the records from `before` on are new.
  void stepped(std::size_t before);
  /// Bytes and lines of tasks that have ended, which were not sent yet.
  std::uint64_t unread() const;
  /// The output of this attempt is about to be dropped.
  void output_dropped(const SessionAttempt& attempt);

 private:
  template <class Call>
  void for_each(Call call);

  const Scheduler& scheduler_;
  TaskKind& kind_;
  std::string journal_;
  std::vector<std::weak_ptr<Follower>> followers_;  ///< some have left
};

}  // namespace rollcall::coordinator
