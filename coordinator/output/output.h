// The interface of the formats of standard output.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/model/ids.h"
#include "common/model/time.h"
#include "coordinator/core/analysis/summary.h"
#include "coordinator/core/model/records.h"
#include "coordinator/output/format/display.h"

namespace rollcall::coordinator {

/// One format of standard output (text, json, jsonl). Called on the thread of the event loop. The
/// `records` given at construction outlive it. No function blocks for long or throws; failed()
/// returns the first failed write.
class Output {
 public:
  virtual ~Output() = default;

  virtual void worker_joined(SessionIndex session) = 0;
  /// `returned`: tasks that are pending again because the session ended.
  virtual void worker_left(SessionIndex session, std::uint64_t returned) = 0;
  virtual void tasks_started(Instant now, SessionIndex session, std::span<const TaskId> tasks) = 0;
  /// Records [first, first + count) were accepted.
  virtual void outcomes_accepted(Instant now, std::size_t first, std::size_t count) = 0;
  /// Writes text that was delayed, to be sorted or for a slow reader, if it is due at `now`.
  virtual void advance(Instant now) = 0;
  /// Returns when advance() is due; kNever if it is not needed.
  virtual Instant next_deadline() const = 0;
  /// The run is over, or left unfinished. `order` is finish_order().
  virtual void finished(const Summary& summary, std::span<const std::uint32_t> order) = 0;
  /// Writes buffered text: at the end of a turn as much as a slow reader takes at once, and the
  /// rest with advance(); everything after finished().
  virtual void flush() = 0;
  /// The number of records, in their order, whose text was completely written, so that they need
  /// not be published again. Unbounded until a record is published.
  virtual std::size_t printed() const = 0;
  /// Why standard output cannot be written any more; empty if it can.
  virtual const std::string& failed() const = 0;
};

/// Outputs write to `fd`, which the caller owns. SIGPIPE must be ignored.
std::unique_ptr<Output> make_text_output(const RunRecords& records, int fd, bool task_lines);
/// `display` outlives the output.
std::unique_ptr<Output> make_json_output(const RunRecords& records, int fd,
                                         const KindDisplay& display);
std::unique_ptr<Output> make_jsonl_output(const RunRecords& records, int fd,
                                          const KindDisplay& display);

}  // namespace rollcall::coordinator
