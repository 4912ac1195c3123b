// The executor of sleeps.
#pragma once

#include <cstdint>

#include "common/model/task.h"
#include "common/model/time.h"
#include "worker/core/sleep_queue.h"
#include "worker/executors/alarm.h"
#include "worker/executors/executor.h"

namespace rollcall::worker {

/// Runs any number of sleeps at once, with one timer for the first that is due.
class SleepExecutor final : public Executor {
 public:
  explicit SleepExecutor(const ExecutorContext& context);

  Result<void> prepare(const Prepare& terms) override;
  void start(Instant now, StartAttempts batch) override;
  bool take_ended(Instant now, OutcomeColumns& out) override;
  void cancel(Instant now, std::uint64_t assignments_through) override;
  void cancel_listed(Instant now, const AttemptSet& attempts) override;
  void drop() override;
  void list(HeldColumns& out) const override;

 private:
  SleepQueue queue_;
  OutcomeColumns cancelled_;  ///< not taken yet
  Alarm alarm_;
};

}  // namespace rollcall::worker
