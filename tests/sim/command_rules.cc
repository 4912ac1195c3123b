#include "tests/sim/command_rules.h"

#include <algorithm>
#include <cmath>

#include "tests/sim/plan_commands.h"

namespace rollcall::sim {
namespace {

using coordinator::RunRecords;
using coordinator::TaskState;

bool is_failure(Outcome outcome) {
  return outcome == Outcome::failed || outcome == Outcome::timed_out;
}

std::string name_of(TaskId task) {
  return "task " + std::to_string(index(task));
}

/// A worker has forgotten output on the word of a coordinator that was taken over.
bool may_lose_output(const Plan& plan) {
  return plan.policy.takes_output && std::ranges::any_of(plan.faults, [](const Fault& fault) {
           return fault.kind == FaultKind::take_over;
         });
}

const Report* report_in(const coordinator::Event& event) {
  const auto* received = std::get_if<coordinator::MessageReceived>(&event);
  return received == nullptr ? nullptr : std::get_if<Report>(&received->message.body);
}

bool is_owner(const RunRecords& records, const SessionId& session, TaskId task, Attempt attempt) {
  const std::size_t t = index(task);
  const auto history = records.history.find(task);
  const int unstarted = history == records.history.end() ? 0 : history->second.unstarted;
  return records.state_of(task) == TaskState::assigned &&
         records.attempt[t] + unstarted == attempt &&
         records.sessions[index(records.dispatches[records.dispatch[t]].session)].id == session;
}

bool is_cancelled(const RunRecords& records, TaskId task) {
  const auto history = records.history.find(task);
  return history != records.history.end() && history->second.is_cancelled;
}

/// Not of single attempts: see ControlRules.
bool is_cancel_of_all(const CoordinatorMessage& message) {
  const auto* cancel = std::get_if<Cancel>(&message.body);
  return cancel != nullptr && cancel->assignments_through > 0;
}

}  // namespace

void CommandRules::epoch_begins(const RunRecords& committed) {
  is_asked_to_stop_ = is_told_to_end_ = was_stopped_ = false;
  halted_with_.reset();
  failures_.clear();
  for (const auto& [task, history] : committed.history) failures_[task] = history.failures;
  not_before_.clear();
  attempts_.clear();
  assignments_.clear();
}

void CommandRules::before(const coordinator::Scheduler& scheduler,
                          const coordinator::Event& event) {
  if (!is_exec(world_.plan)) return;
  const RunRecords& records = scheduler.records();
  was_stopped_ = records.stop_requested;
  if (const auto* stop = std::get_if<coordinator::StopRequested>(&event)) {
    is_asked_to_stop_ = true;
    is_told_to_end_ |= !stop->let_running_end;
  }
  told_.clear();
  const Report* report = report_in(event);
  if (report == nullptr) return;
  const SessionId& session = std::get<coordinator::MessageReceived>(event).message.header.session;
  for (std::size_t i = 0; i < report->outcomes.size(); ++i) {
    const TaskId task = report->outcomes.task[i];
    const Attempt attempt = report->outcomes.attempt[i];
    told_.push_back({task, attempt, report->outcomes.outcome[i],
                     records.state_of(task) == TaskState::done,
                     is_owner(records, session, task, attempt)});
  }
}

void CommandRules::after(const coordinator::Scheduler& scheduler, const coordinator::Event& event,
                         const coordinator::Actions& actions, std::size_t committed) {
  if (!is_exec(world_.plan)) return;
  const RunRecords& records = scheduler.records();
  for (const Told& told : told_) judge(records, told);
  if (std::holds_alternative<coordinator::TurnEnded>(event)) halted(records, actions);
  const auto* kept_now = std::get_if<coordinator::Committed>(&event);
  if (halted_with_ && (*halted_with_ == 0 || (kept_now && kept_now->commit >= *halted_with_))) {
    cancelled(scheduler, actions);
    halted_with_.reset();
  }
  for (const coordinator::Action& action : actions) {
    const auto* send = std::get_if<coordinator::Send>(&action);
    if (send == nullptr) continue;
    const Header& header = send->message.header;
    if (const auto* assignment = std::get_if<Assignment>(&send->message.body)) {
      assigned(records, header.session, *assignment);
    } else if (const auto* revoke = std::get_if<Revoke>(&send->message.body)) {
      if (!records.stop_requested && !is_asked_to_stop_) continue;
      world_.last_revocations.insert(
          {header.session, header.epoch, revoke->assignments_through, revoke->keep});
    } else if (is_cancel_of_all(send->message)) {
      const bool may_halt = world_.plan.policy.halt && world_.plan.policy.halt->now;
      require(is_told_to_end_ || (may_halt && is_reached(records, committed)),
              "running commands were cancelled without a committed reason");
    }
  }
}

void CommandRules::judge(const RunRecords& records, const Told& told) {
  if (told.outcome == Outcome::not_started && told.is_of_owner) ++repeated_;
  if (told.was_done || !is_failure(told.outcome)) return;
  const bool is_done = records.state_of(told.task) == TaskState::done;
  const bool is_last_word = is_done && records.outcome_of(told.task) == told.outcome;
  const bool is_taken_in =
      is_last_word || (told.is_of_owner && records.state_of(told.task) == TaskState::pending);
  if (!is_taken_in) return;
  const std::uint32_t failures = ++failures_[told.task];
  const std::uint32_t retries = world_.plan.policy.retries;
  ++repeated_;
  if (is_last_word) {
    require(
        failures == retries + 1 || records.stop_requested || is_cancelled(records, told.task),
        name_of(told.task) + " failed for good after " + std::to_string(failures) + " failures");
    last_words_[told.task].insert(told.outcome);
  } else if (failures > retries && may_lose_output(world_.plan)) {
    failures_[told.task] = retries;  // the last one does not count without its output
  } else {
    require(failures <= retries, name_of(told.task) + " is tried once more than it should be");
    not_before_[told.task] = world_.timeline.now() + pause_after(failures);
  }
}

void CommandRules::assigned(const RunRecords& records, const SessionId& session,
                            const Assignment& assignment) {
  std::uint64_t& last = assignments_[session];
  if (assignment.number <= last) return;  // sent again
  last = assignment.number;
  require(!is_asked_to_stop_ && !is_reached(records, records.accepted()),
          "work was sent after the run was stopped or halted");
  for (std::size_t i = 0; i < assignment.attempts.size(); ++i) {
    const TaskId task = assignment.attempts.task[i];
    const auto not_before = not_before_.find(task);
    require(not_before == not_before_.end() || world_.timeline.now() >= not_before->second,
            name_of(task) + " was tried again before its backoff was over");
    Attempt& attempt = attempts_[task];
    require(assignment.attempts.attempt[i] > attempt,
            name_of(task) + " was tried again under the same attempt number");
    attempt = assignment.attempts.attempt[i];
  }
}

/// Cancelled tasks do not count: they are a result of the halt, not its reason.
bool CommandRules::is_reached(const RunRecords& records, std::size_t known) const {
  const auto& halt = world_.plan.policy.halt;
  if (!halt) return false;
  const auto end = records.task.begin() + static_cast<std::ptrdiff_t>(known);
  const auto counts = std::count_if(records.task.begin(), end, [&](TaskId task) {
    const Outcome outcome = records.outcome_of(task);
    return outcome != Outcome::cancelled && (outcome == Outcome::succeeded) == halt->on_success;
  });
  if (halt->count == 0 && records.spec.is_open) return false;
  const auto most = halt->count > 0 ? static_cast<double>(halt->count)
                                    : std::ceil(halt->share * records.spec.task_count);
  return static_cast<double>(counts) >= most;
}

void CommandRules::halted(const RunRecords& records, const coordinator::Actions& actions) {
  if (was_stopped_ || !records.stop_requested) return;
  require(is_asked_to_stop_ || is_reached(records, records.accepted()),
          "the run was halted too early");
  if (is_asked_to_stop_ || !world_.plan.policy.halt->now) return;
  halted_with_ = 0;
  for (const coordinator::Action& action : actions) {
    if (const auto* keep = std::get_if<coordinator::WriteCommit>(&action))
      halted_with_ = keep->number;
  }
}

void CommandRules::cancelled(const coordinator::Scheduler& scheduler,
                             const coordinator::Actions& actions) const {
  std::set<SessionId> told;
  for (const coordinator::Action& action : actions) {
    const auto* send = std::get_if<coordinator::Send>(&action);
    if (send == nullptr || !is_cancel_of_all(send->message)) continue;
    told.insert(send->message.header.session);
  }
  for (const coordinator::Session& session : scheduler.sessions()) {
    require(!session.active() || scheduler.held_by(session) == 0 || !session.connected ||
                told.contains(session.id),
            "running commands were not cancelled");
  }
}

bool CommandRules::may_be(TaskId task, Outcome outcome) const {
  const auto found = last_words_.find(task);
  return found != last_words_.end() && found->second.contains(outcome);
}

}  // namespace rollcall::sim
