// The table of `rollcall sleep`: every option, what it accepts and what the help says about it.
#include <array>
#include <limits>
#include <utility>

#include "common/duration_text.h"
#include "common/limits.h"
#include "coordinator/options.h"

namespace rollcall::coordinator {
namespace {

using cli::Choice;
using cli::OptionSpec;
using cli::Shown;

constexpr std::uint64_t kMostLosses = std::numeric_limits<Attempt>::max();

constexpr std::array<Choice<CollectionMethod>, 4> kMethods{
    {{"gather", CollectionMethod::gather},
     {"as-complete", CollectionMethod::as_complete},
     {"wait", CollectionMethod::wait},
     {"cancelled", CollectionMethod::cancelled}}};

constexpr std::array<Choice<OutputFormat>, 3> kFormats{
    {{"text", OutputFormat::text}, {"json", OutputFormat::json}, {"jsonl", OutputFormat::jsonl}}};

constexpr std::array<Choice<TaskLines>, 3> kTaskLines{
    {{"auto", TaskLines::automatic}, {"always", TaskLines::always}, {"never", TaskLines::never}}};

constexpr std::array<Choice<ProgressStyle>, 4> kProgress{{{"auto", ProgressStyle::automatic},
                                                          {"bar", ProgressStyle::bar},
                                                          {"plain", ProgressStyle::plain},
                                                          {"none", ProgressStyle::none}}};

cli::Apply restarts_into(std::optional<std::uint32_t>& into) {
  return [&into](const std::string& text) -> Result<void> {
    if (text == "unlimited") {
      into.reset();
      return {};
    }
    const Result<void> counted = cli::count_into(into, 0, limits::sessions)(text);
    if (!counted) return permanent(counted.error().message + ", or unlimited");
    return {};
  };
}

cli::Apply results_file_into(std::string& into) {
  return [&into](const std::string& text) -> Result<void> {
    if (!text.ends_with(".csv") && !text.ends_with(".jsonl")) {
      return permanent("expected a file name that ends in .csv or .jsonl");
    }
    into = text;
    return {};
  };
}

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

void add_workers(std::vector<OptionSpec>& table, SleepOptions& into) {
  const char* group = "Workers";
  table.insert(table.end(),
               {{"--workers", "-w", "N", group, Shown::in_help,
                 "workers to start (default: processors, 2 to 8)",
                 cli::count_into(into.workers, 0, limits::sessions)},
                {"--slots", "-j", "N", group, Shown::in_help,
                 "tasks a worker runs at once (default no limit)",
                 cli::count_into(into.slots, 1, limits::task_count)},
                {"--prefetch", "", "N", group, Shown::in_help_all,
                 "tasks sent ahead of a worker's slots (default 10ms of work, as measured)",
                 cli::count_into(into.prefetch, 0, limits::prefetch)},
                {"--worker-restarts", "", "N", group, Shown::in_help_all,
                 "starts of a local worker that completes no task, or unlimited (default 5)",
                 restarts_into(into.worker_restarts)},
                {"--max-losses", "", "N", group, Shown::in_help_all,
                 "workers that a task may cost before it is given up (default 5)",
                 cli::count_into(into.max_losses, 1, kMostLosses)}});
}

void add_output(std::vector<OptionSpec>& table, SleepOptions& into) {
  const char* group = "Output";
  table.insert(
      table.end(),
      {{"--output", "", "FORMAT", group, Shown::in_help, "text, json or jsonl (default text)",
        cli::choice_into(into.output, kFormats), "ROLLCALL_OUTPUT", cli::names_of(kFormats)},
       {"--results", "-o", "FILE", group, Shown::in_help, "one row for each task, .csv or .jsonl",
        results_file_into(into.results_file)},
       {"--task-lines", "", "WHEN", group, Shown::in_help_all,
        "lines for each task: auto (up to 10000 tasks), always or never (default auto)",
        cli::choice_into(into.task_lines, kTaskLines), "", cli::names_of(kTaskLines)},
       {"--progress", "", "STYLE", group, Shown::in_help_all,
        "auto, bar, plain or none (default auto)", cli::choice_into(into.progress, kProgress),
        "ROLLCALL_PROGRESS", cli::names_of(kProgress)},
       {"--quiet", "-q", "", group, Shown::in_help_all,
        "no progress and no summary on standard error", cli::flag_into(into.quiet)},
       {"--log-level", "", "LEVEL", group, Shown::in_help_all,
        "trace, debug, info, warn, error or off (default warn)",
        cli::log_level_into(into.log_level), "ROLLCALL_LOG_LEVEL", cli::log_levels()},
       {"--log-file", "", "FILE", group, Shown::in_help_all,
        "where logs go (default standard error)", cli::text_into(into.log_file, "a file name")}});
}

}  // namespace

cli::CommandSpec sleep_command(SleepOptions& options) {
  std::vector<OptionSpec> table;
  add_tasks(table, options);
  add_workers(table, options);
  add_joining(table, options);
  add_keeping(table, options);
  add_output(table, options);
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
       "  sleep    tasks that each pause for a while\n"
       "  status   shows what a run is doing\n"
       "  drain    has workers of a run leave\n"
       "  report   a run again, from its journal\n"
       "  validate checks a run again, from its journal\n"
       "  resume   goes on with a run, from its journal\n"
       "  keys     makes the keys of a run ahead of time\n"
       "  help     the help of a command: rollcall help sleep\n",
       {},
       "\nrollcall COMMAND --help shows its options, rollcall --version the version.\n"});
}

}  // namespace rollcall::coordinator
