// Checks what the coordinator does with commands against the promises of --retries and --halt.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "coordinator/core/event.h"
#include "coordinator/core/scheduler.h"
#include "tests/sim/world.h"

namespace rollcall::sim {

/// A task fails only after all its tries. No try comes early or repeats an attempt number. A run
/// halts exactly when --halt requires it, and dispatches nothing afterwards. Failures that are
/// retried are known to one epoch only. One thread.
class CommandRules {
 public:
  explicit CommandRules(World& world) : world_(world) {}

  /// Call before the scheduler takes the event.
  void before(const coordinator::Scheduler& scheduler, const coordinator::Event& event);
  /// Call after the scheduler has taken the event, with its actions and the number of committed
  /// records (without a journal: of all records).
  void after(const coordinator::Scheduler& scheduler, const coordinator::Event& event,
             const coordinator::Actions& actions, std::size_t committed);
  /// The coordinator died. Forgets its failures.
  void epoch_begins(const coordinator::RunRecords& committed);

  /// The largest possible number of attempts that another attempt followed.
  std::uint64_t repeated() const { return repeated_; }
  /// Whether the task may have this outcome as its result.
  bool may_be(TaskId task, Outcome outcome) const;

 private:
  /// An outcome in the report at hand.
  struct Told {
    TaskId task{};
    Attempt attempt = 0;
    Outcome outcome{};
    bool was_done = false;
    bool is_of_owner = false;
  };

  void judge(const coordinator::RunRecords& records, const Told& told);
  void failed(const coordinator::RunRecords& records, const Told& told);
  void assigned(const coordinator::RunRecords& records, const SessionId& session,
                const Assignment& assignment);
  void halted(const coordinator::RunRecords& records, const coordinator::Actions& actions);
  void cancelled(const coordinator::Scheduler& scheduler,
                 const coordinator::Actions& actions) const;
  /// Whether the first `known` records reach the limit of --halt.
  bool is_reached(const coordinator::RunRecords& records, std::size_t known) const;

  World& world_;
  std::vector<Told> told_;  ///< the outcomes of the report at hand
  bool was_stopped_ = false;
  std::uint64_t repeated_ = 0;
  std::map<TaskId, std::set<Outcome>> last_words_;

  // Of this epoch.
  bool is_asked_to_stop_ = false;                       ///< by the user
  bool is_told_to_end_ = false;                         ///< running commands may be cancelled
  std::optional<std::uint64_t> halted_with_;            ///< the commit of the halt; 0: no commit
  std::unordered_map<TaskId, std::uint32_t> failures_;  ///< committed ones
  std::unordered_map<TaskId, Instant> not_before_;      ///< the earliest time of the next attempt
  std::unordered_map<TaskId, Attempt> attempts_;        ///< the last one sent
  std::map<SessionId, std::uint64_t> assignments_;      ///< the last one sent
};

}  // namespace rollcall::sim
