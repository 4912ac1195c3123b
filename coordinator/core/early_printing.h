// Which output is printed before its command has ended, when the spool is full.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/model/ids.h"
#include "common/model/time.h"
#include "coordinator/core/model/policy.h"
#include "coordinator/core/output/output_intake.h"
#include "coordinator/core/output/output_rows.h"
#include "coordinator/core/tasks/task_table.h"

namespace rollcall::coordinator {

/// When the spool is full, commands wait until some of its output is printed. If no command has
/// ended whose output can be printed, this selects a running attempt whose output is printed as it
/// arrives: with an order that of the next task, otherwise the one with the most output in the
/// spool. If no attempt can be selected for a while, the run is stuck. With retries nothing is
/// printed early, since an attempt that fails may be repeated.
/// Pure; one owner, one thread; `now` never goes back.
class EarlyPrinting {
 public:
  struct Decision {
    std::optional<SessionAttempt> next;  ///< print this one from now on
    std::string why_stuck;               ///< empty: the run is not stuck
  };

  explicit EarlyPrinting(const Policy& policy)
      : is_allowed_(policy.prints_early && policy.retries == 0),
        is_in_order_(policy.prints_in_order),
        patience_(limits::stuck_intervals * policy.heartbeat_interval) {}

  /// To be called once a turn. `may_print`: whether an attempt runs, as far as it is known.
  Decision decide(Instant now, const TaskTable& tasks, const OutputIntake& output,
                  const std::function<bool(const SessionAttempt&)>& may_print);

 private:
  std::optional<SessionAttempt> next(const TaskTable& tasks, const OutputIntake& output);
  std::optional<TaskId> first_unended(const TaskTable& tasks);
  std::string why_stuck(const TaskTable& tasks,
                        const std::function<bool(const SessionAttempt&)>& may_print);

  bool is_allowed_;
  bool is_in_order_;
  Duration patience_;
  std::optional<Instant> waits_from_;  ///< since then nothing can be printed
  std::uint32_t first_unended_ = 0;    ///< all tasks before it are done
};

}  // namespace rollcall::coordinator
