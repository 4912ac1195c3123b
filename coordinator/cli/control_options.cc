#include "coordinator/cli/control_options.h"

#include <fmt/core.h>

#include <array>
#include <utility>

#include "common/limits.h"
#include "coordinator/exec/input/number_range.h"

namespace rollcall::coordinator {
namespace {

using cli::Choice;
using cli::Shown;

constexpr std::array<Choice<DrainMode>, 2> kDrainModes{
    {{"finish", DrainMode::finish}, {"return", DrainMode::return_running}}};

cli::OptionSpec control_option(std::string& into) {
  return {"--control",
          "",
          "PATH",
          "Run",
          Shown::in_help,
          "the control socket of the run (default: of the only run)",
          cli::text_into(into, "the path of a socket")};
}

/// Adds the options that all of these commands have.
template <class Options>
cli::CommandSpec with_run(cli::CommandSpec command, Options& options) {
  command.options.insert(command.options.begin(), control_option(options.control));
  command.options.push_back(document_output(options.output, "Run"));
  return cli::with_standard_options(std::move(command));
}

/// Parses the options of `command`, and lets `take` read its arguments into `options`.
template <class Options, class Take>
ParsedOptions<Options> parse_for_run(const cli::CommandSpec& command,
                                     const std::vector<std::string>& arguments,
                                     const cli::Environment& environment, Options& options,
                                     Take take) {
  cli::Parsed parsed =
      cli::parse_options(command, arguments, environment_of_documents(environment));
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  std::optional<cli::UsageError> wrong = take(std::get<cli::GivenOptions>(parsed));
  if (wrong) return std::move(*wrong);
  return std::move(options);
}

std::optional<cli::UsageError> take_nothing(const cli::GivenOptions& /*given*/) {
  return std::nullopt;
}

/// N or A-B.
Result<TaskRange> parse_tasks(const std::string& text) {
  const bool is_range = text.find('-') != std::string::npos;
  const auto range = parse_range(is_range ? text : text + '-' + text);
  const bool has_step = text.find(':') != std::string::npos;
  if (!range || has_step || range->first + range->count > limits::task_count) {
    return permanent(
        fmt::format("expected the number of a task, up to {}, A-B with A not above B, or all",
                    limits::task_count - 1));
  }
  return TaskRange{static_cast<std::uint32_t>(range->first),
                   static_cast<std::uint32_t>(range->first + range->count - 1)};
}

cli::CommandSpec pause_command(PauseOptions& options) {
  cli::CommandSpec command{
      options.is_paused ? "rollcall pause" : "rollcall unpause",
      "[OPTION]...",
      options.is_paused
          ? "Pauses a run: running tasks go on, and none is started until rollcall unpause.\n"
          : "Starts tasks of a paused run again.\n",
      {},
      ""};
  return with_run(std::move(command), options);
}

ParsedOptions<PauseOptions> parse_pause_as(bool is_paused,
                                           const std::vector<std::string>& arguments,
                                           const cli::Environment& environment) {
  PauseOptions options;
  options.is_paused = is_paused;
  return parse_for_run(pause_command(options), arguments, environment, options, take_nothing);
}

}  // namespace

cli::CommandSpec status_command(StatusOptions& options) {
  cli::CommandSpec command{"rollcall status",
                           "[OPTION]...",
                           "Shows the state of a run of this user on this host, and its workers.\n",
                           {},
                           ""};
  return with_run(std::move(command), options);
}

cli::CommandSpec drain_command(DrainOptions& options) {
  cli::CommandSpec command{
      "rollcall drain",
      "WORKER|all [OPTION]...",
      "Removes one worker or all workers from a run: they start no more tasks.\n"
      "WORKER is a name, host or session that rollcall status shows, or the beginning\n"
      "of one, if no other worker has it.\n",
      {},
      ""};
  command.options.push_back({"--drain", "", "MODE", "Run", Shown::in_help,
                             "finish or return running tasks (default finish)",
                             cli::choice_into(options.mode, kDrainModes), "",
                             cli::names_of(kDrainModes)});
  command.argument = "WORKER";
  return with_run(std::move(command), options);
}

ParsedOptions<StatusOptions> parse_status(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment) {
  StatusOptions options;
  return parse_for_run(status_command(options), arguments, environment, options, take_nothing);
}

ParsedOptions<DrainOptions> parse_drain(const std::vector<std::string>& arguments,
                                        const cli::Environment& environment) {
  DrainOptions options;
  const cli::CommandSpec command = drain_command(options);
  const auto take = [&](const cli::GivenOptions& given) -> std::optional<cli::UsageError> {
    const cli::Given* worker = find(given, command.argument);
    if (worker == nullptr || worker->text.empty()) {
      return usage_error(command, "WORKER is missing: expected a worker's name, or all");
    }
    options.worker = worker->text;
    return std::nullopt;
  };
  return parse_for_run(command, arguments, environment, options, take);
}

cli::CommandSpec follow_command(FollowOptions& options) {
  cli::CommandSpec command{
      "rollcall follow",
      "TASK [OPTION]...",
      "Prints what the command of a task writes, while it runs: its standard output on\n"
      "standard output, its standard error on standard error. Ends when the task ends.\n"
      "TASK is its number, from 0, as rollcall status shows it.\n",
      {},
      ""};
  command.options.push_back(control_option(options.control));
  command.argument = "TASK";
  return cli::with_standard_options(std::move(command));
}

ParsedOptions<FollowOptions> parse_follow(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment) {
  FollowOptions options;
  const cli::CommandSpec command = follow_command(options);
  const auto take = [&](const cli::GivenOptions& given) -> std::optional<cli::UsageError> {
    const cli::Given* const task = find(given, command.argument);
    if (task == nullptr) {
      return usage_error(command, "TASK is missing: expected the number of a task, from 0");
    }
    const auto counted = cli::count_into(options.task, 0, limits::task_count - 1)(task->text);
    if (counted) return std::nullopt;
    return usage_error(command, "TASK " + cli::quote(task->text) + ": " + counted.error().message);
  };
  return parse_for_run(command, arguments, environment, options, take);
}

cli::CommandSpec cancel_command(CancelOptions& options) {
  cli::CommandSpec command{
      "rollcall cancel",
      "TASK... [OPTION]...",
      "Cancels tasks of a run: running ones are ended, and the others are not started.\n"
      "TASK is a number, counted from 0 as rollcall status and --results show it, A-B\n"
      "for all tasks from A to B, or all.\n",
      {},
      ""};
  command.argument = "TASK...";
  return with_run(std::move(command), options);
}

ParsedOptions<CancelOptions> parse_cancel(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment) {
  CancelOptions options;
  const cli::CommandSpec command = cancel_command(options);
  const auto take = [&](const cli::GivenOptions& given) -> std::optional<cli::UsageError> {
    const cli::Given* last = find(given, command.argument);
    if (last == nullptr) {
      return usage_error(command, "TASK is missing: expected the number of a task, A-B, or all");
    }
    std::vector<std::string> all = last->before;
    all.push_back(last->text);
    for (const std::string& text : all) {
      if (text == "all") {
        options.all = true;
        continue;
      }
      const auto tasks = parse_tasks(text);
      if (!tasks) {
        return usage_error(command, "TASK " + cli::quote(text) + ": " + tasks.error().message);
      }
      options.tasks.push_back(*tasks);
    }
    return std::nullopt;
  };
  return parse_for_run(command, arguments, environment, options, take);
}

ParsedOptions<PauseOptions> parse_pause(const std::vector<std::string>& arguments,
                                        const cli::Environment& environment) {
  return parse_pause_as(true, arguments, environment);
}

ParsedOptions<PauseOptions> parse_unpause(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment) {
  return parse_pause_as(false, arguments, environment);
}

cli::CommandSpec slots_command(SlotsOptions& options) {
  cli::CommandSpec command{
      "rollcall slots",
      "WORKER|all N [OPTION]...",
      "Limits how many tasks one worker or all workers run at once, from 0 to as many\n"
      "as they have slots. Running tasks go on. WORKER is as for rollcall drain.\n",
      {},
      ""};
  command.argument = "WORKER N";
  return with_run(std::move(command), options);
}

ParsedOptions<SlotsOptions> parse_slots_command(const std::vector<std::string>& arguments,
                                                const cli::Environment& environment) {
  SlotsOptions options;
  const cli::CommandSpec command = slots_command(options);
  const auto take = [&](const cli::GivenOptions& given) -> std::optional<cli::UsageError> {
    const cli::Given* worker = find(given, "WORKER");
    const cli::Given* count = find(given, "N");
    if (worker == nullptr || count == nullptr) {
      return usage_error(command, "expected a worker's name, or all, and a number of slots");
    }
    options.worker = worker->text;
    std::optional<std::uint32_t> slots;
    if (auto counted = cli::count_into(slots, 0, limits::task_count)(count->text); !counted) {
      return usage_error(command, "N " + cli::quote(count->text) + ": " + counted.error().message);
    }
    options.slots = *slots;
    return std::nullopt;
  };
  return parse_for_run(command, arguments, environment, options, take);
}

}  // namespace rollcall::coordinator
