#include "worker/executors/exec_executor.h"

#include <fmt/core.h>
#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::worker {
namespace {

/// Whether the worker has run out of a resource, which is not the fault of the command.
bool is_shortage(int error) {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

Outcome outcome_of(const CommandResult& result) {
  switch (result.end) {
    case CommandEnd::exited:
      return result.status == 0 ? Outcome::succeeded : Outcome::failed;
    case CommandEnd::timed_out:
      return Outcome::timed_out;
    case CommandEnd::cancelled:
      return Outcome::cancelled;
    case CommandEnd::not_started:
      return is_shortage(result.error) ? Outcome::not_started : Outcome::failed;
    case CommandEnd::signalled:
      break;
  }
  return Outcome::failed;
}

}  // namespace

Result<void> ExecExecutor::prepare(const Prepare& terms) {
  if (terms.slots < context_.requested_slots) {
    context_.on_warning(fmt::format("runs {} {} at once and not {}: the open-file limit is too low",
                                    terms.slots, terms.slots == 1 ? "command" : "commands",
                                    context_.requested_slots));
  }
  const std::uint32_t slots = std::max(terms.slots, 1U);
  if (runner_ && !is_broken_ && slots == slots_) return {};
  auto guardians = Guardians::start(guardians_for(slots), slots, context_.descriptors);
  if (!guardians) return guardians.error();
  running_.clear();
  const auto on_broken = [this](const std::string& reason) {
    is_broken_ = true;
    context_.on_broken(reason);
  };
  runner_ = std::make_unique<CommandRunner>(
      context_.loop, std::move(*guardians), slots,
      CommandRunner::Handlers{context_.on_ended, on_broken, context_.on_warning});
  is_broken_ = false;
  slots_ = slots;
  return {};
}

void ExecExecutor::start(Instant, StartAttempts batch) {
  AttemptColumns& attempts = batch.attempts;
  CHECK(runner_ && batch.job);
  const Job& job = *batch.job;
  const CommandRunner::Terms terms{job.max_output.value_or(limits::max_output), job.kill_after};
  attempts.command.resize(attempts.size());  // one without arguments cannot be started
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    running_[next_key_] = {batch.assignment, attempts.task[i], attempts.attempt[i]};
    runner_->start(next_key_++, complete(std::move(attempts.command[i]), job), terms);
  }
}

/// Adds what the command shares with the others of its job, and the variables of this worker.
Command ExecExecutor::complete(Command command, const Job& job) const {
  if (command.cwd.empty() && !command.has_no_cwd) command.cwd = job.cwd;
  if (command.input.empty() && !command.has_no_input) command.input = job.input;
  command.env.insert(command.env.begin(), job.env.begin(), job.env.end());
  command.env.push_back("ROLLCALL_WORKER=" + context_.worker_name);
  return command;
}

bool ExecExecutor::take_ended(Instant, OutcomeColumns& out) {
  out.clear();
  if (running_.empty()) return false;
  for (EndedCommand& ended : runner_->take_ended()) {
    const auto found = running_.find(ended.key);
    CHECK(found != running_.end());
    const Running run = found->second;
    running_.erase(found);
    out.push_back(run.task, run.attempt,
                  ended.was_called_off ? Outcome::returned : outcome_of(ended.result),
                  ended.result.started, ended.result.elapsed, Duration::zero());
    out.command.resize(out.size());
    if (!ended.was_called_off) out.command.back() = std::move(ended.result);
  }
  warn_of_shortage(out);
  return out.size() > 0;
}

void ExecExecutor::warn_of_shortage(const OutcomeColumns& ended) const {
  const auto first = std::ranges::find(ended.outcome, Outcome::not_started);
  if (first == ended.outcome.end()) return;
  const auto row = static_cast<std::size_t>(first - ended.outcome.begin());
  context_.on_warning(ended.command[row].error_text + "; another worker gets the task");
}

void ExecExecutor::cancel(Instant, std::uint64_t assignments_through) {
  cancel_those([=](const Running& run) { return run.assignment <= assignments_through; });
}

void ExecExecutor::cancel_listed(Instant, const AttemptSet& attempts) {
  cancel_those([&](const Running& run) { return attempts.contains({run.task, run.attempt}); });
}

template <class Chosen>
void ExecExecutor::cancel_those(const Chosen& is_chosen) {
  std::vector<std::uint64_t> keys;
  for (const auto& [key, run] : running_) {
    if (is_chosen(run)) keys.push_back(key);
  }
  for (const std::uint64_t key : keys) runner_->cancel(key);
}

void ExecExecutor::return_waiting(std::uint64_t assignments_through) {
  if (!runner_) return;
  runner_->call_off([this, assignments_through](std::uint64_t key) {
    const auto found = running_.find(key);
    return found != running_.end() && found->second.assignment <= assignments_through;
  });
}

void ExecExecutor::drop() {
  if (runner_) runner_->drop();
  running_.clear();
}

void ExecExecutor::list(HeldColumns& out) const {
  out = {};
  for (const auto& [key, run] : running_) {
    out.task.push_back(run.task);
    out.attempt.push_back(run.attempt);
  }
}

std::unique_ptr<Executor> make_exec_executor(const ExecutorContext& context) {
  return std::make_unique<ExecExecutor>(context);
}

}  // namespace rollcall::worker
