// The rules of what a user changes in a running run: single tasks are cancelled, the run is paused.
#pragma once

#include <map>
#include <set>

#include "coordinator/core/event.h"
#include "coordinator/core/scheduler.h"
#include "tests/sim/world.h"

namespace rollcall::sim {

/// Checks that a task gets no new attempt once it is cancelled, that no attempt is cancelled before
/// the request is on disk, and that nothing new is sent while the run is paused, or to a session
/// that has as many attempts as the user allows. One thread.
class ControlRules {
 public:
  explicit ControlRules(World& world) : world_(world) {}

  /// The next epoch begins with these records.
  void epoch_begins(const coordinator::RunRecords& committed);
  void before(const coordinator::Scheduler& scheduler, const coordinator::Event& event);
  void after(const coordinator::Scheduler& scheduler, const coordinator::Actions& actions);
  /// The commit has reached the disk.
  void committed(const coordinator::Commit& commit);

  /// The user has asked for this in some epoch.
  bool may_be_cancelled(TaskId task) const { return ever_asked_.contains(task); }

 private:
  void assigned(const coordinator::Scheduler& scheduler, const SessionId& session,
                const Assignment& assignment);
  void cancelled(const Cancel& cancel) const;

  World& world_;
  std::set<TaskId> ever_asked_;
  std::set<TaskId> asked_;    ///< before this epoch, or in it
  std::set<TaskId> on_disk_;  ///< with a journal
  bool is_paused_ = false;
  std::map<SessionIndex, std::uint32_t> limits_;    ///< in this epoch
  std::map<SessionId, std::uint64_t> assignments_;  ///< the last one's number, in this epoch
};

}  // namespace rollcall::sim
