#include "coordinator/exec/results/contradiction.h"

#include <fmt/core.h>
#include <cstddef>

namespace rollcall::coordinator {
namespace {

bool has_run(Outcome outcome) {
  return outcome == Outcome::succeeded || outcome == Outcome::failed ||
         outcome == Outcome::timed_out;
}

bool agree(Outcome outcome, const CommandResult& result) {
  switch (result.end) {
    case CommandEnd::exited:
      return result.signal == 0 &&
             outcome == (result.status == 0 ? Outcome::succeeded : Outcome::failed);
    case CommandEnd::signalled:
      return outcome == Outcome::failed && result.signal != 0;
    case CommandEnd::not_started:
    case CommandEnd::out_of_memory:
      return outcome == Outcome::failed;
    case CommandEnd::timed_out:
      return outcome == Outcome::timed_out;
    case CommandEnd::cancelled:
      return false;
  }
  return false;
}

std::string how_it_ended(const CommandResult& result) {
  if (result.signal != 0) return fmt::format("with signal {}", result.signal);
  switch (result.end) {
    case CommandEnd::exited:
      return fmt::format("with exit status {}", result.status);
    case CommandEnd::signalled:
      return "with a signal that is not named";
    case CommandEnd::not_started:
      return "without a start";
    case CommandEnd::timed_out:
      return "at its time limit";
    case CommandEnd::cancelled:
      return "by a cancellation";
    case CommandEnd::out_of_memory:
      return "out of memory";
  }
  return "in an unknown way";
}

}  // namespace

std::string contradiction(Outcome outcome, const CommandResult* result, bool has_time_limit) {
  if (!has_run(outcome)) return {};
  const std::string_view name = to_string(outcome);
  if (result == nullptr) return fmt::format("{} without a result of its command", name);
  if (!agree(outcome, *result)) return fmt::format("{} {}", name, how_it_ended(*result));
  if (outcome == Outcome::timed_out && !has_time_limit) {
    return fmt::format("{} without a time limit", name);
  }
  return {};
}

std::string first_contradiction(const OutcomeColumns& outcomes, const TaskCommands& commands) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const TaskId task = outcomes.task[i];
    const Outcome outcome = outcomes.outcome[i];
    if (index(task) >= commands.size()) continue;
    const CommandResult* const result = outcomes.command.empty() ? nullptr : &outcomes.command[i];
    const bool has_limit =
        outcome == Outcome::timed_out && commands.timeout(task) > Duration::zero();
    const std::string why = contradiction(outcome, result, has_limit);
    if (!why.empty()) {
      return fmt::format("task {} attempt {}: {}", index(task), outcomes.attempt[i], why);
    }
  }
  return {};
}

}  // namespace rollcall::coordinator
