#include "tests/sim/control_rules.h"

#include <algorithm>
#include <string>

namespace rollcall::sim {

void ControlRules::epoch_begins(const coordinator::RunRecords& committed) {
  asked_.clear();
  for (const auto& [task, history] : committed.history) {
    if (history.is_cancelled) asked_.insert(task);
  }
  is_paused_ = false;
  limits_.clear();
  assignments_.clear();
}

/// A task that was done before is not cancelled.
void ControlRules::before(const coordinator::Scheduler& scheduler,
                          const coordinator::Event& event) {
  if (const auto* cancel = std::get_if<coordinator::CancelRequested>(&event)) {
    if (scheduler.is_over()) return;
    for (const TaskId task : cancel->tasks) {
      if (scheduler.records().state_of(task) == coordinator::TaskState::done) continue;
      asked_.insert(task);
      ever_asked_.insert(task);
    }
  } else if (const auto* pause = std::get_if<coordinator::PauseRequested>(&event)) {
    is_paused_ = pause->is_paused;
  } else if (const auto* limited = std::get_if<coordinator::SlotsLimited>(&event)) {
    for (const SessionIndex s : limited->sessions) {
      if (scheduler.sessions()[index(s)].live()) limits_[s] = limited->slots;
    }
  }
}

void ControlRules::after(const coordinator::Scheduler& scheduler,
                         const coordinator::Actions& actions) {
  for (const coordinator::Action& action : actions) {
    const auto* send = std::get_if<coordinator::Send>(&action);
    if (send == nullptr) continue;
    if (const auto* assignment = std::get_if<Assignment>(&send->message.body)) {
      assigned(scheduler, send->message.header.session, *assignment);
    } else if (const auto* cancel = std::get_if<Cancel>(&send->message.body)) {
      cancelled(*cancel);
    }
  }
}

void ControlRules::assigned(const coordinator::Scheduler& scheduler, const SessionId& session,
                            const Assignment& assignment) {
  std::uint64_t& last = assignments_[session];
  if (assignment.number <= last) return;  // sent again
  last = assignment.number;
  require(!is_paused_, "work was sent while the run was paused");
  for (const TaskId task : assignment.attempts.task) {
    require(!asked_.contains(task),
            "task " + std::to_string(index(task)) + " was sent to a worker after it was cancelled");
  }
  const auto& all = scheduler.sessions();
  const auto to =
      std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.id == session; });
  const auto limit = to == all.end() ? limits_.end() : limits_.find(to->index);
  require(limit == limits_.end() || scheduler.held_by(*to) <= limit->second,
          "a session was sent more than the user allows");
}

void ControlRules::cancelled(const Cancel& cancel) const {
  const std::set<TaskId>& known = world_.plan.policy.journal ? on_disk_ : asked_;
  for (const TaskId task : cancel.attempts.task) {
    require(known.contains(task), "an attempt was cancelled before the request was committed");
  }
}

void ControlRules::committed(const coordinator::Commit& commit) {
  for (const auto& [task, history] : commit.history) {
    if (history.is_cancelled) on_disk_.insert(task);
  }
}

}  // namespace rollcall::sim
