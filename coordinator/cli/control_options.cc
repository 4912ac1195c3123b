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

/// N or A-B.
Result<TaskRange> parse_tasks(const std::string& text) {
  const bool is_range = text.find('-') != std::string::npos;
  const auto range = parse_range(is_range ? text : text + '-' + text);
  const bool has_step = text.find(':') != std::string::npos;
  if (!range || has_step || range->first + range->count > limits::task_count) {
    return permanent(
        fmt::format("expected the number of a task, up to {}, or A-B with A not above B",
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
  command.options.push_back(control_option(options.control));
  command.options.push_back(document_output(options.output, "Run"));
  return cli::with_standard_options(std::move(command));
}

ParsedOptions<PauseOptions> parse_pause_as(bool is_paused,
                                           const std::vector<std::string>& arguments,
                                           const cli::Environment& environment) {
  PauseOptions options;
  options.is_paused = is_paused;
  cli::Parsed parsed =
      cli::parse_options(pause_command(options), arguments, environment_of_documents(environment));
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  return options;
}

}  // namespace

cli::CommandSpec status_command(StatusOptions& options) {
  cli::CommandSpec command{"rollcall status",
                           "[OPTION]...",
                           "Shows the state of a run of this user on this host, and its workers.\n",
                           {},
                           ""};
  command.options.push_back(control_option(options.control));
  command.options.push_back(document_output(options.output, "Run"));
  return cli::with_standard_options(std::move(command));
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
  command.options.push_back(control_option(options.control));
  command.options.push_back({"--drain", "", "MODE", "Run", Shown::in_help,
                             "finish or return running tasks (default finish)",
                             cli::choice_into(options.mode, kDrainModes), "",
                             cli::names_of(kDrainModes)});
  command.options.push_back(document_output(options.output, "Run"));
  command.argument = "WORKER";
  return cli::with_standard_options(std::move(command));
}

ParsedOptions<StatusOptions> parse_status(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment) {
  StatusOptions options;
  cli::Parsed parsed =
      cli::parse_options(status_command(options), arguments, environment_of_documents(environment));
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  return options;
}

ParsedOptions<DrainOptions> parse_drain(const std::vector<std::string>& arguments,
                                        const cli::Environment& environment) {
  DrainOptions options;
  const cli::CommandSpec command = drain_command(options);
  cli::Parsed parsed =
      cli::parse_options(command, arguments, environment_of_documents(environment));
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  const cli::Given* worker = find(std::get<cli::GivenOptions>(parsed), command.argument);
  if (worker == nullptr || worker->text.empty()) {
    return usage_error(command, "WORKER is missing: expected a worker's name, or all");
  }
  options.worker = worker->text;
  return options;
}

cli::CommandSpec cancel_command(CancelOptions& options) {
  cli::CommandSpec command{
      "rollcall cancel",
      "TASK... [OPTION]...",
      "Cancels tasks of a run: running ones are ended, and the others are not started.\n"
      "TASK is a number, counted from 0 as rollcall status and --results show it, or\n"
      "A-B for all tasks from A to B.\n",
      {},
      ""};
  command.options.push_back(control_option(options.control));
  command.options.push_back(document_output(options.output, "Run"));
  command.argument = "TASK...";
  return cli::with_standard_options(std::move(command));
}

ParsedOptions<CancelOptions> parse_cancel(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment) {
  CancelOptions options;
  const cli::CommandSpec command = cancel_command(options);
  cli::Parsed parsed =
      cli::parse_options(command, arguments, environment_of_documents(environment));
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  const cli::Given* given = find(std::get<cli::GivenOptions>(parsed), command.argument);
  if (given == nullptr) {
    return usage_error(command, "TASK is missing: expected the number of a task, or A-B");
  }
  std::vector<std::string> all = given->before;
  all.push_back(given->text);
  for (const std::string& text : all) {
    const auto tasks = parse_tasks(text);
    if (!tasks) {
      return usage_error(command, "TASK " + cli::quote(text) + ": " + tasks.error().message);
    }
    options.tasks.push_back(*tasks);
  }
  return options;
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
  command.options.push_back(control_option(options.control));
  command.options.push_back(document_output(options.output, "Run"));
  command.argument = "WORKER N";
  return cli::with_standard_options(std::move(command));
}

ParsedOptions<SlotsOptions> parse_slots_command(const std::vector<std::string>& arguments,
                                                const cli::Environment& environment) {
  SlotsOptions options;
  const cli::CommandSpec command = slots_command(options);
  cli::Parsed parsed =
      cli::parse_options(command, arguments, environment_of_documents(environment));
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  const auto& given = std::get<cli::GivenOptions>(parsed);
  const cli::Given* worker = find(given, "WORKER");
  const cli::Given* count = find(given, "N");
  if (worker == nullptr || count == nullptr) {
    return usage_error(command, "expected a worker's name, or all, and a number of slots");
  }
  options.worker = worker->text;
  std::optional<std::uint32_t> slots;
  if (auto parsed_slots = cli::count_into(slots, 0, limits::task_count)(count->text);
      !parsed_slots) {
    return usage_error(command,
                       "N " + cli::quote(count->text) + ": " + parsed_slots.error().message);
  }
  options.slots = *slots;
  return options;
}

}  // namespace rollcall::coordinator
