#include "worker/executors/command_runner.h"

#include <cerrno>
#include <utility>
#include <vector>

#include "common/base/check.h"

namespace rollcall::worker {
namespace {

/// Whether the worker has run out of something: nothing that the command could help.
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

Result<std::unique_ptr<CommandRunner>> CommandRunner::start(boost::asio::io_context& loop,
                                                            const ExecExecutor::Settings& settings,
                                                            std::uint64_t descriptors,
                                                            const std::string& name,
                                                            ExecExecutor::Handlers handlers) {
  auto guardians = Guardians::start(guardians_for(settings.slots), settings.slots, descriptors);
  if (!guardians) return guardians.error();
  return std::unique_ptr<CommandRunner>(
      new CommandRunner(loop, std::move(*guardians), settings, name, std::move(handlers)));
}

void CommandRunner::start(std::uint64_t assignment, AttemptColumns attempts) {
  CHECK(attempts.command.size() == attempts.size());
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    Command& command = attempts.command[i];
    command.env.push_back(variable_);
    running_[next_key_] = {assignment, attempts.task[i], attempts.attempt[i]};
    executor_.start(next_key_++, std::move(command));
  }
}

bool CommandRunner::take_ended(OutcomeColumns& out) {
  out.clear();
  for (EndedCommand& ended : executor_.take_ended()) {
    const auto found = running_.find(ended.key);
    CHECK(found != running_.end());
    const Running run = found->second;
    running_.erase(found);
    out.push_back(run.task, run.attempt, outcome_of(ended.result), ended.result.started,
                  ended.result.elapsed, Duration::zero());
    out.command.resize(out.size());
    out.command.back() = std::move(ended.result);
  }
  return out.size() > 0;
}

void CommandRunner::cancel(std::uint64_t assignments_through) {
  std::vector<std::uint64_t> keys;
  for (const auto& [key, run] : running_) {
    if (run.assignment <= assignments_through) keys.push_back(key);
  }
  for (const std::uint64_t key : keys) executor_.cancel(key);
}

void CommandRunner::drop() {
  executor_.drop();
  running_.clear();
}

void CommandRunner::list(HeldColumns& out) const {
  out = {};
  for (const auto& [key, run] : running_) {
    out.task.push_back(run.task);
    out.attempt.push_back(run.attempt);
  }
}

}  // namespace rollcall::worker
