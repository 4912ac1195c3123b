#include "coordinator/cli/sleep_options.h"

#include <fmt/core.h>
#include <array>
#include <utility>

#include "common/cli/duration_text.h"
#include "common/limits.h"
#include "coordinator/cli/counted_options.h"

namespace rollcall::coordinator {
namespace {

using cli::Choice;
using cli::OptionSpec;
using cli::Shown;

using Fault = std::optional<cli::UsageError>;

constexpr std::array<Choice<CollectionMethod>, 4> kMethods{
    {{"gather", CollectionMethod::gather},
     {"as-complete", CollectionMethod::as_complete},
     {"wait", CollectionMethod::wait},
     {"cancelled", CollectionMethod::cancelled}}};

constexpr std::array<Choice<TaskLines>, 3> kTaskLines{
    {{"auto", TaskLines::automatic}, {"always", TaskLines::always}, {"never", TaskLines::never}}};

void add_tasks(std::vector<OptionSpec>& table, SleepOptions& into) {
  const Duration longest = limits::longest_duration;
  const char* group = "Tasks";
  table.push_back(task_count_option(into.task_count));
  table.insert(table.end(),
               {{"--pause-min", "", "D", group, Shown::in_help, "shortest pause (default 1s)",
                 cli::duration_into(into.pause_min, Duration::zero(), longest)},
                {"--pause-max", "", "D", group, Shown::in_help, "longest pause (default 10s)",
                 cli::duration_into(into.pause_max, Duration::zero(), longest)},
                {"--pause", "", "D", group, Shown::in_help_all, "the same pause for each task",
                 [&into](const std::string& text) -> Result<void> {
                   const Result<Duration> pause = parse_duration(text);
                   if (!pause) return pause.error();
                   into.pause_min = into.pause_max = *pause;
                   return {};
                 }},
                {"--seed", "", "N", group, Shown::in_help_all,
                 "draw the same durations again (default random)",
                 cli::count_into(into.seed, 0, limits::seed - 1)},
                {"--collection-method", "", "M", group, Shown::in_help,
                 "gather, as-complete, wait, cancelled (gather)",
                 cli::choice_into(into.method, kMethods), "", cli::names_of(kMethods)},
                {"--wait-timeout", "", "D", group, Shown::in_help_all,
                 "with wait: cancel unfinished tasks this long after the first dispatch",
                 cli::duration_into(into.wait_timeout, Duration::zero(), longest)}});
}

void add_task_lines(std::vector<OptionSpec>& table, SleepOptions& into) {
  table.push_back({"--task-lines", "", "WHEN", "Output", Shown::in_help_all,
                   "lines for each task: auto (up to 10000 tasks), always or never (default auto)",
                   cli::choice_into(into.task_lines, kTaskLines), "", cli::names_of(kTaskLines)});
}

Fault check_pauses(const cli::CommandSpec& command, const cli::GivenOptions& given,
                   const SleepOptions& options) {
  const cli::Given* constant = find(given, "--pause");
  const cli::Given* shortest = find(given, "--pause-min");
  const cli::Given* longest = find(given, "--pause-max");
  if (constant != nullptr && (shortest != nullptr || longest != nullptr)) {
    return usage_error(command, *constant, "cannot be combined with --pause-min or --pause-max");
  }
  if (options.pause_min <= options.pause_max) return std::nullopt;
  if (shortest != nullptr) {
    return usage_error(command, *shortest,
                       "expected at most --pause-max, which is " + format_exact(options.pause_max));
  }
  return usage_error(command, *longest,
                     "expected at least --pause-min, which is " + format_exact(options.pause_min));
}

Fault check_method(const cli::CommandSpec& command, const cli::GivenOptions& given,
                   const SleepOptions& options) {
  const cli::Given* wait_timeout = find(given, "--wait-timeout");
  if (wait_timeout != nullptr && options.method != CollectionMethod::wait) {
    return usage_error(command, *wait_timeout, "requires --collection-method wait");
  }
  return std::nullopt;
}

}  // namespace

cli::CommandSpec sleep_command(SleepOptions& options) {
  std::vector<OptionSpec> table;
  add_tasks(table, options);
  add_counted_run(table, options);
  add_task_lines(table, options);
  return cli::with_standard_options(
      {"rollcall sleep", "[OPTION]...",
       "Runs many sleeps at once on worker processes; each task has exactly one result.\n",
       std::move(table),
       "\nD is a time: 500ms, 2m; a bare number is seconds.\n"
       "--help-all shows every option, --version the version.\n"});
}

ParsedOptions<SleepOptions> parse_sleep(const std::vector<std::string>& arguments,
                                        const cli::Environment& environment) {
  SleepOptions options;
  const cli::CommandSpec command = sleep_command(options);
  return parse_counted(command, options, arguments, environment,
                       [&](const cli::GivenOptions& given) {
                         Fault fault = check_pauses(command, given, options);
                         return fault ? fault : check_method(command, given, options);
                       });
}

bool task_lines_shown(const SleepOptions& options) {
  if (options.task_lines != TaskLines::automatic) return options.task_lines == TaskLines::always;
  return options.task_count <= limits::task_lines && !options.quiet;
}

std::string task_lines_notice(const SleepOptions& options) {
  if (options.output != OutputFormat::text || options.task_lines != TaskLines::automatic ||
      options.quiet || task_lines_shown(options)) {
    return {};
  }
  return fmt::format(
      "no lines for each task: there are more than {} (--task-lines always writes them)",
      limits::task_lines);
}

}  // namespace rollcall::coordinator
