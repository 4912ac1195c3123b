// What --retries and --halt promise, held against what the coordinator does with commands.
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

/// A task has failed only after all its tries, none of which comes before its time or under an
/// older number; a run is given up when --halt says so, not sooner, and then nothing new is
/// begun. Failures that are not the last word are known to one epoch only. One thread.
class CommandRules {
 public:
  explicit CommandRules(World& world) : world_(world) {}

  /// The scheduler is about to be given this.
  void before(const coordinator::Scheduler& scheduler, const coordinator::Event& event);
  /// It was, and has asked for these. So many records are committed, or all where there is no
  /// journal.
  void after(const coordinator::Scheduler& scheduler, const coordinator::Event& event,
             const coordinator::Actions& actions, std::size_t committed);
  /// The coordinator died: its failures are forgotten.
  void epoch_begins();

  /// Attempts that were followed by another one, at most.
  std::uint64_t repeated() const { return repeated_; }
  /// This was seen to be the last word on a task.
  bool may_be(TaskId task, Outcome outcome) const;

 private:
  /// An outcome that is about to be reported.
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
  /// The first `known` records are so many as --halt asks for.
  bool is_reached(const coordinator::RunRecords& records, std::size_t known) const;

  World& world_;
  std::vector<Told> told_;  ///< by the report at hand
  bool was_stopped_ = false;
  std::uint64_t repeated_ = 0;
  std::map<TaskId, std::set<Outcome>> last_words_;

  // Of this epoch.
  bool is_asked_to_stop_ = false;                       ///< by the user
  bool is_told_to_end_ = false;                         ///< what runs
  std::optional<std::uint64_t> halted_with_;            ///< the commit that is to say so; 0: none
  std::unordered_map<TaskId, std::uint32_t> failures_;  ///< that were committed
  std::unordered_map<TaskId, Instant> not_before_;      ///< the next attempt
  std::unordered_map<TaskId, Attempt> attempts_;        ///< the last one sent
  std::map<SessionId, std::uint64_t> assignments_;      ///< the last one sent
};

}  // namespace rollcall::sim
