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
#include "coordinator/core/event.h"
#include "coordinator/core/local_fleet.h"
#include "coordinator/core/model/policy.h"
#include "coordinator/core/sessions/session_table.h"
#include "coordinator/core/tasks/backlog.h"
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
  struct UncommittedSession {
    SessionIndex session{};
    std::uint64_t last_report = 0;
  };
  /// What is to be told when a commit is committed.
  struct Uncommitted {
    std::size_t records = 0;  ///< accepted up to here
    std::vector<UncommittedSession> sessions;
    std::vector<PublishLeft> left;
    bool cancel = false;  ///< why running attempts are cancelled
  };

  SchedulerState(RunRecords committed, std::size_t published, const Policy& policy, Epoch epoch)
      : policy_(policy),
        epoch_(epoch),
        backlog_(committed.spec),
        tasks_(std::move(committed)),
        sessions_(policy.liveness),
        fleet_(policy.local_workers, policy.worker_restarts, epoch),
        is_resumed_(epoch > 1),
        handed_over_(tasks_.done()),
        published_(published),
        sessions_handed_over_(tasks_.records().sessions.size()),
        mismatches_handed_over_(tasks_.records().result_mismatches.size()) {}

  bool working() const { return phase_ == Phase::running; }
  std::size_t waiting_to_be_dealt() const { return tasks_.pending() - retries_.size(); }

  Policy policy_;
  Epoch epoch_;
  Backlog backlog_;
  TaskTable tasks_;
  SessionTable sessions_;
  LocalFleet fleet_;
  Phase phase_ = Phase::idle;
  bool may_revoke_ = false;   ///< something was dispatched since there was nothing to take back
  bool has_revoked_ = false;  ///< ever
  bool cancelling_ = false;   ///< nothing new is begun, what runs is to be cancelled
  bool cancel_uncommitted_ = false;  ///< a resumed coordinator would not know why it is
  bool may_cancel_ = false;          ///< it would, so workers may be told
  bool lets_running_end_ = false;    ///< of cancelling_: what runs is not to be cancelled
  bool ran_out_of_workers_ = false;
  bool is_resumed_;
  bool suspended_ = false;

  // Keeping. Records and sessions below these numbers were handed over to be committed, or
  // published.
  std::size_t handed_over_;
  std::size_t published_;
  std::size_t sessions_handed_over_;
  std::size_t mismatches_handed_over_;
  std::uint64_t commits_ = 0;            ///< handed over
  std::deque<Uncommitted> uncommitted_;  ///< commits that are not committed, the oldest first
  std::vector<SessionIndex> changed_;    ///< since the last commit, each once
  std::vector<PublishLeft> left_;        ///< since the last commit

  // Commands.
  RetryQueue retries_;
  std::size_t counted_for_halt_ = 0;  ///< records
  std::uint64_t halting_ = 0;         ///< of those, outcomes that may halt the run

  Instant now_;                               ///< of the step at hand
  Actions* out_ = nullptr;                    ///< of the step at hand
  std::deque<SessionIndex> ready_;            ///< may have credit; each once
  std::vector<SessionIndex> unacknowledged_;  ///< have an Ack coming in this turn
  std::vector<SessionIndex> acks_held_;       ///< have one coming within limits::ack_wait
  Instant acks_sent_;                         ///< when the last of those went out
  RateMeter reports_{limits::busy_reports, limits::ack_wait};
  std::vector<std::uint32_t> exited_;   ///< launch ids, since the inbox was last drained
  std::vector<SessionIndex> vanished_;  ///< the same of adopted workers
  std::vector<std::pair<Instant, SessionIndex>> awaiting_goodbye_;  ///< since their process ended
  Instant joining_since_;
  std::optional<Instant> empty_since_;  ///< nobody is there since
  std::optional<Instant> next_tick_;
  Instant finishing_since_;
};

}  // namespace rollcall::coordinator
