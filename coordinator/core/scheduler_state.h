// What the scheduler knows: its data, apart from its rules.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "common/model/ids.h"
#include "common/model/rate_meter.h"
#include "common/model/time.h"
#include "coordinator/core/commits/commit_log.h"
#include "coordinator/core/event.h"
#include "coordinator/core/local_fleet.h"
#include "coordinator/core/model/policy.h"
#include "coordinator/core/sessions/ack_batcher.h"
#include "coordinator/core/sessions/session_table.h"
#include "coordinator/core/stop_state.h"
#include "coordinator/core/tasks/dealer.h"
#include "coordinator/core/tasks/retries.h"
#include "coordinator/core/tasks/task_table.h"

namespace rollcall::coordinator {

/// Owned by Scheduler, which alone changes it. A value.
struct SchedulerState {
  enum class Phase : std::uint8_t {
    idle,
    recovering,  ///< resumed: waits for the inventories of those who may hold something
    joining,     ///< waits for workers
    running,
    finishing,   ///< every task is done, and that is committed; Goodbyes are awaited
    suspending,  ///< what was accepted is being committed, to be resumed later
    ended,
  };
  SchedulerState(RunRecords committed, std::size_t published, const Policy& policy, Epoch epoch)
      : policy_(policy),
        epoch_(epoch),
        dealer_(committed.spec, policy.prefetch, policy.assignment_attempts),
        tasks_(std::move(committed)),
        sessions_(policy.liveness),
        fleet_(policy.local_workers, policy.worker_restarts, epoch),
        is_resumed_(epoch > 1),
        stop_(policy.halt),
        commits_(policy.journal, tasks_.records(), published) {}

  bool working() const { return phase_ == Phase::running; }

  Policy policy_;
  Epoch epoch_;
  Dealer dealer_;
  TaskTable tasks_;
  SessionTable sessions_;
  LocalFleet fleet_;
  Phase phase_ = Phase::idle;
  bool ran_out_of_workers_ = false;
  bool is_resumed_;
  bool suspended_ = false;

  StopState stop_;
  CommitLog commits_;
  AckBatcher acks_;

  // Commands.
  Retries retries_;

  Instant now_;                         ///< of the step at hand
  Actions* out_ = nullptr;              ///< of the step at hand
  std::vector<std::uint32_t> exited_;   ///< launch ids, since the inbox was last drained
  std::vector<SessionIndex> vanished_;  ///< the same of adopted workers
  std::vector<std::pair<Instant, SessionIndex>> awaiting_goodbye_;  ///< since their process ended
  Instant joining_since_;
  std::optional<Instant> empty_since_;  ///< nobody is there since
  std::optional<Instant> next_tick_;
  Instant finishing_since_;
};

}  // namespace rollcall::coordinator
