#include "coordinator/cli/run_options.h"

#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <thread>

#include "common/base/text.h"
#include "common/cli/duration_text.h"
#include "common/cli/endpoint_text.h"
#include "common/cli/slots_text.h"
#include "common/model/ids.h"
#include "common/os/processors.h"

namespace rollcall::coordinator {
namespace {

using cli::Choice;
using cli::CommandSpec;
using cli::Given;
using cli::GivenOptions;
using cli::OptionSpec;
using cli::Shown;

using Fault = std::optional<cli::UsageError>;

constexpr std::uint64_t kMostLosses = std::numeric_limits<Attempt>::max();

constexpr std::array<Choice<OutputFormat>, 3> kRunFormats{
    {{"text", OutputFormat::text}, {"json", OutputFormat::json}, {"jsonl", OutputFormat::jsonl}}};

constexpr std::array<Choice<OutputFormat>, 2> kDocumentFormats{
    {{"text", OutputFormat::text}, {"json", OutputFormat::json}}};

constexpr std::array<Choice<ProgressStyle>, 4> kProgress{{{"auto", ProgressStyle::automatic},
                                                          {"bar", ProgressStyle::bar},
                                                          {"plain", ProgressStyle::plain},
                                                          {"none", ProgressStyle::none}}};

constexpr std::array<Choice<SummaryStyle>, 3> kSummaries{{{"full", SummaryStyle::full},
                                                          {"short", SummaryStyle::one_line},
                                                          {"none", SummaryStyle::none}}};

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

/// It appears in lines of text, in JSON and in an environment variable.
cli::Apply run_name_into(std::string& into) {
  return [&into](const std::string& text) -> Result<void> {
    if (text.empty() || text != printable(text, limits::name_bytes)) {
      return permanent(
          fmt::format("expected up to {} bytes of printable UTF-8", limits::name_bytes));
    }
    if (text.find_first_not_of(' ') == std::string::npos) {
      return permanent("expected a name that is not blank");
    }
    into = text;
    return {};
  };
}

constexpr const char* kOutputGroup = "Output";

/// --output, --results, --progress, --summary and --quiet.
template <class Options>
std::vector<OptionSpec> display_options(Options& into) {
  const char* group = kOutputGroup;
  return {{"--output", "", "FORMAT", group, Shown::in_help, "text, json or jsonl (default text)",
           cli::choice_into(into.output, kRunFormats), "", cli::names_of(kRunFormats)},
          {"--results", "-o", "FILE", group, Shown::in_help,
           "one row for each task, .csv or .jsonl", results_file_into(into.results_file)},
          {"--progress", "", "STYLE", group, Shown::in_help_all,
           "auto, bar, plain or none (default auto)", cli::choice_into(into.progress, kProgress),
           "", cli::names_of(kProgress)},
          {"--summary", "", "FORM", group, Shown::in_help_all,
           "full, short (one line; default for exec) or none",
           cli::choice_into(into.summary, kSummaries), "", cli::names_of(kSummaries)},
          {"--quiet", "-q", "", group, Shown::in_help_all,
           "no progress and no summary on standard error", cli::flag_into(into.quiet)}};
}

/// Without --liveness, a longer interval raises it.
Fault check_liveness(const CommandSpec& command, const GivenOptions& given, RunOptions& options) {
  const Duration least = options.heartbeat_interval * limits::liveness_intervals;
  if (options.liveness >= least) return std::nullopt;
  const Given* liveness = find(given, "--liveness");
  if (liveness == nullptr) {
    options.liveness = least;
    return std::nullopt;
  }
  return usage_error(command, *liveness,
                     fmt::format("expected at least {} heartbeat intervals, which is {}",
                                 limits::liveness_intervals, format_exact(least)));
}

Fault check_together(const CommandSpec& command, const GivenOptions& given,
                     const RunOptions& options) {
  if (options.workers == 0U && !options.others_may_join()) {
    return usage_error(command, *find(given, "--workers"),
                       "requires --access-file or --keys, with which other workers join");
  }
  if (const Given* slots = find(given, "--slots"); slots != nullptr && options.workers == 0U) {
    if (slots->text.find_first_not_of("0123456789") != std::string::npos) {
      return usage_error(command, *slots,
                         "expected a whole number with --workers 0, because workers elsewhere have "
                         "other processors");
    }
  }
  if (options.journal.empty()) {
    for (const char* name : {"--resume", "--orphan-for", "--leave-running"}) {
      const Given* needs_journal = find(given, name);
      if (needs_journal != nullptr) {
        return usage_error(command, *needs_journal, "requires --journal");
      }
    }
  }
  if (const Given* rejoin = find(given, "--rejoin-for"); rejoin && !options.journal.empty()) {
    return usage_error(command, *rejoin, "cannot be combined with --journal, use --orphan-for");
  }
  if (options.insecure && !options.keys.empty()) {
    return usage_error(command, *find(given, "--keys"), "cannot be combined with --insecure");
  }
  if (options.insecure && !options.bind.empty() && !is_loopback(options.bind)) {
    return usage_error(command, *find(given, "--bind"),
                       "expected a loopback endpoint with --insecure, such as tcp://127.0.0.1:*");
  }
  return std::nullopt;
}

}  // namespace

Policy policy_of(const RunOptions& options, std::uint32_t workers) {
  Policy policy;
  policy.local_workers = options.workers.value_or(workers);
  policy.wait_for_workers =
      options.wait_for_workers.value_or(std::max(policy.local_workers, std::uint32_t{1}));
  // Local workers are started with their slots; other workers run as many as suits their machine.
  if (policy.local_workers == 0) policy.slots = options.slots;
  policy.require_workers = options.require_workers;
  policy.others_may_join = options.others_may_join();
  policy.join_timeout = options.join_timeout;
  policy.heartbeat_interval = options.heartbeat_interval;
  policy.liveness = options.liveness;
  policy.journal = !options.journal.empty();
  policy.orphan_for = options.liveness;
  if (policy.journal) policy.orphan_for = options.orphan_for.value_or(limits::orphan_for);
  policy.rejoin_for = policy.journal ? policy.orphan_for : options.rejoin_for;
  policy.worker_restarts = options.worker_restarts;
  policy.max_losses = options.max_losses;
  policy.run_timeout = options.run_timeout;
  policy.prefetch = options.prefetch;
  return policy;
}

std::uint32_t workers_for_processors() {
  return std::clamp(std::thread::hardware_concurrency(), limits::local_workers_least,
                    limits::local_workers_most);
}

const Given* find(const GivenOptions& given, const std::string& name) {
  const auto found = given.find(name);
  return found == given.end() ? nullptr : &found->second;
}

void add_whole_run(std::vector<OptionSpec>& table, RunOptions& into) {
  const char* group = "Run";
  table.insert(table.end(),
               {{"--run-timeout", "", "D", group, Shown::in_help_all,
                 "ends the run after this time, with status 5 (default never)",
                 cli::duration_into(into.run_timeout, Duration(1), limits::longest_duration)},
                {"--name", "", "TEXT", group, Shown::in_help_all,
                 "a name for the run, shown wherever its id is", run_name_into(into.name)},
                {"--on-end", "", "COMMAND", group, Shown::in_help_all,
                 "runs this shell command at the end, with the JSON document as its input",
                 cli::text_into(into.on_end, "a command for /bin/sh")}});
}

void add_workers(std::vector<OptionSpec>& table, RunOptions& into, const RunHelp& help) {
  const char* group = "Workers";
  table.insert(table.end(),
               {{"--workers", "-w", "N", group, Shown::in_help, help.workers,
                 cli::count_into(into.workers, 0, limits::sessions)},
                {"--slots", "-j", "N", group, Shown::in_help, help.slots,
                 cli::slots_into(into.slots, os::processors())},
                {"--prefetch", "", "N", group, Shown::in_help_all,
                 "tasks sent to a worker beyond its slots (default 10ms of measured work)",
                 cli::count_into(into.prefetch, 0, limits::prefetch)},
                {"--worker-restarts", "", "N", group, Shown::in_help_all,
                 "restarts of a local worker without a completed task, or unlimited (default 5)",
                 restarts_into(into.worker_restarts)},
                {"--max-losses", "", "N", group, Shown::in_help_all,
                 "lost workers after which a task that was running on them is lost (default 5)",
                 cli::count_into(into.max_losses, 1, kMostLosses)}});
}

void add_output(std::vector<OptionSpec>& table, RunOptions& into) {
  std::vector<OptionSpec> display = display_options(into);
  display[0].environment = kOutputVariable;
  display[2].environment = "ROLLCALL_PROGRESS";
  table.insert(table.end(), display.begin(), display.end());
  const char* group = kOutputGroup;
  table.insert(table.end(),
               {{"--log-level", "", "LEVEL", group, Shown::in_help_all,
                 "trace, debug, info, warn, error or off (default warn)",
                 cli::log_level_into(into.log_level), "ROLLCALL_LOG_LEVEL", cli::log_levels()},
                {"--log-format", "", "FORMAT", group, Shown::in_help_all,
                 "text, or json: an object on each line of the log (default text)",
                 cli::choice_into(into.log_format, cli::kLogFormats), "ROLLCALL_LOG_FORMAT",
                 cli::names_of(cli::kLogFormats)},
                {"--log-file", "", "FILE", group, Shown::in_help_all,
                 "file for log messages (default standard error)",
                 cli::text_into(into.log_file, "a file name")}});
}

void add_display(std::vector<OptionSpec>& table, DisplayOptions& into) {
  for (OptionSpec& option : display_options(into)) {
    option.shown = Shown::in_help;
    table.push_back(std::move(option));
  }
}

void DisplayOptions::apply(RunOptions& to) const {
  to.output = output.value_or(to.output);
  to.progress = progress.value_or(to.progress);
  to.summary = summary.value_or(to.summary);
  if (!results_file.empty()) to.results_file = results_file;
  to.quiet = to.quiet || quiet;
}

OptionSpec document_output(OutputFormat& into, const std::string& group) {
  return {"--output",
          "",
          "FORMAT",
          group,
          Shown::in_help,
          "text or json (default text)",
          cli::choice_into(into, kDocumentFormats),
          kOutputVariable,
          cli::names_of(kDocumentFormats)};
}

cli::Environment environment_of_documents(const cli::Environment& environment) {
  return [environment](const char* name) -> const char* {
    const char* const value = environment(name);
    const bool is_lines = value != nullptr && std::string_view(name) == kOutputVariable &&
                          std::string_view(value) == "jsonl";
    return is_lines ? "json" : value;
  };
}

Fault check_run(const CommandSpec& command, const GivenOptions& given, RunOptions& options) {
  if (Fault fault = check_liveness(command, given, options)) return fault;
  return check_together(command, given, options);
}

}  // namespace rollcall::coordinator
