// The table of `rollcall sleep`: every option, what it accepts and what the help says about it.
#include <array>
#include <utility>

#include "common/cli/duration_text.h"
#include "common/limits.h"
#include "coordinator/cli/options.h"

namespace rollcall::coordinator {
namespace {

using cli::Choice;
using cli::OptionSpec;
using cli::Shown;

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
  table.insert(
      table.end(),
      {{"--task-count", "-n", "N", group, Shown::in_help, "how many tasks to run (default 5)",
        cli::count_into(into.task_count, 0, limits::task_count)},
       {"--pause-min", "", "D", group, Shown::in_help, "shortest pause (default 1s)",
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
       {"--seed", "", "N", group, Shown::in_help_all, "draw the same pauses again (default random)",
        cli::count_into(into.seed, 0, limits::seed - 1)},
       {"--collection-method", "", "M", group, Shown::in_help,
        "gather, as-complete, wait, cancelled (gather)", cli::choice_into(into.method, kMethods),
        "", cli::names_of(kMethods)},
       {"--wait-timeout", "", "D", group, Shown::in_help_all,
        "with wait: cancel what is not done so long after the first dispatch",
        cli::duration_into(into.wait_timeout, Duration::zero(), longest)}});
}

void add_task_lines(std::vector<OptionSpec>& table, SleepOptions& into) {
  table.push_back({"--task-lines", "", "WHEN", "Output", Shown::in_help_all,
                   "lines for each task: auto (up to 10000 tasks), always or never (default auto)",
                   cli::choice_into(into.task_lines, kTaskLines), "", cli::names_of(kTaskLines)});
}

}  // namespace

cli::CommandSpec sleep_command(SleepOptions& options) {
  std::vector<OptionSpec> table;
  add_tasks(table, options);
  add_workers(table, options,
              {"workers to start (default: processors, 2 to 8)",
               "tasks a worker runs at once (default no limit)"});
  add_joining(table, options);
  add_keeping(table, options);
  add_output(table, options);
  add_task_lines(table, options);
  return cli::with_standard_options(
      {"rollcall sleep", "[OPTION]...",
       "Runs many sleeps at once on worker processes; each task answers exactly once.\n",
       std::move(table),
       "\nD is a time: 500ms, 2m; a bare number is seconds.\n"
       "--help-all shows every option, --version the version.\n"});
}

cli::CommandSpec program_command() {
  return cli::with_standard_options(
      {"rollcall",
       "COMMAND [OPTION]...",
       "Runs many tasks at once on many processes and machines, and calls the roll.\n"
       "\nCommands:\n"
       "  exec     tasks that each run a command\n"
       "  sleep    tasks that each pause for a while\n"
       "  status   shows what a run is doing\n"
       "  drain    has workers of a run leave\n"
       "  report   a run again, from its journal\n"
       "  validate checks a run again, from its journal\n"
       "  resume   goes on with a run, from its journal\n"
       "  keys     makes the keys of a run ahead of time\n"
       "  help     the help of a command: rollcall help exec\n",
       {},
       "\nrollcall COMMAND --help shows its options, rollcall --version the version.\n"});
}

}  // namespace rollcall::coordinator
