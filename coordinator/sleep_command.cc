#include "coordinator/sleep_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "common/log.h"
#include "common/net/clock.h"
#include "common/net/process_limits.h"
#include "common/net/random.h"
#include "common/net/usage.h"
#include "coordinator/coordinator.h"
#include "coordinator/core/exit_status.h"
#include "coordinator/exec/shell_quote.h"
#include "coordinator/output/output.h"
#include "coordinator/output/progress_writer.h"
#include "coordinator/output/results_file.h"
#include "coordinator/output/summary_text.h"
#include "coordinator/run_start.h"

namespace rollcall::coordinator {
namespace {

std::uint32_t default_workers() {
  return std::clamp(std::thread::hardware_concurrency(), limits::local_workers_least,
                    limits::local_workers_most);
}

RunSpec spec_of(const SleepOptions& options) {
  RunSpec spec;
  spec.id = net::random_id128<RunId>();
  spec.task_count = static_cast<std::uint32_t>(options.task_count);
  spec.pause_min = options.pause_min;
  spec.pause_max = options.pause_max;
  spec.seed = options.seed.value_or(net::random_u64() % limits::seed);
  spec.method = options.method;
  spec.wait_timeout = options.wait_timeout;
  return spec;
}

Policy policy_of(const SleepOptions& options) {
  Policy policy;
  policy.local_workers = options.workers.value_or(default_workers());
  policy.wait_for_workers =
      options.wait_for_workers.value_or(std::max(policy.local_workers, std::uint32_t{1}));
  policy.others_may_join = options.others_may_join();
  policy.join_timeout = options.join_timeout;
  policy.heartbeat_interval = options.heartbeat_interval;
  policy.liveness = options.liveness;
  policy.journal = !options.journal.empty();
  policy.orphan_for = policy.journal ? options.orphan_for : options.liveness;
  policy.worker_restarts = options.worker_restarts;
  policy.max_losses = options.max_losses;
  policy.prefetch = options.prefetch;
  policy.name_starts = options.output == OutputFormat::jsonl ||
                       (options.output == OutputFormat::text && task_lines_shown(options));
  return policy;
}

std::unique_ptr<Output> output_for(const SleepOptions& options, const RunRecords& records) {
  switch (options.output) {
    case OutputFormat::json:
      return make_json_output(records, STDOUT_FILENO);
    case OutputFormat::jsonl:
      return make_jsonl_output(records, STDOUT_FILENO);
    case OutputFormat::text:
      break;
  }
  return make_text_output(records, STDOUT_FILENO, task_lines_shown(options));
}

ProgressWriter progress_for(const SleepOptions& options, const Scheduler& scheduler,
                            const Policy& policy) {
  const ProgressPlace place =
      progress_place(STDOUT_FILENO, STDERR_FILENO,
                     options.output == OutputFormat::text && task_lines_shown(options));
  const ProgressStyle style =
      options.quiet ? ProgressStyle::none : progress_style(options.progress, place);
  ProgressWriter progress(scheduler.records(), style, STDERR_FILENO, color_wanted(STDERR_FILENO));
  progress.tasks_started(scheduler.done());  // in earlier epochs
  std::optional<std::uint64_t> slots;
  if (options.slots != 0) slots = std::uint64_t{options.slots} * policy.local_workers;
  progress.set_expected(expected_time(scheduler.records().spec, scheduler.longest_pause(), slots));
  return progress;
}

Scheduler scheduler_for(RunStart& start, const RunSpec& spec, const Policy& policy) {
  if (!start.kept) return {spec, policy, start.epoch};
  return {std::move(start.kept->records), start.kept->published, policy, start.epoch};
}

/// One line on standard error; returns `status`.
int give_up(const std::string& why, int status) {
  std::fprintf(stderr, "rollcall sleep: %s\n", why.c_str());
  return status;
}

/// When the run's first coordinator began, on this one's clock.
Instant start_of(const RunStart& start, Instant started) {
  if (!start.kept) return started;
  const EpochRecord& first = start.kept->epochs.front();
  return first.in_run(first.start.monotonic) - start.kept->epochs.back().shift;
}

/// The account of a run that is over, its validation included.
Summary account_for(const RunRecords& records, const std::vector<std::uint32_t>& order,
                    Instant started, Duration planning) {
  Summary summary = summarize(records, order);
  const Instant before = net::now();
  summary.failed_checks = validate(records, order, summary.lower_bound);
  summary.validation = net::now() - before;
  summary.planning = planning;
  if (records.first_dispatch) {
    summary.startup = std::max(*records.first_dispatch - started - planning, Duration::zero());
  }
  const net::Usage used = net::usage();
  summary.coordinator = {used.cpu_seconds, used.peak_rss_bytes};
  return summary;
}

/// What starts a run again and again asks for the status that it came to; who resumes it asks for
/// nothing that is not done.
int say_finished(const SleepOptions& options, const RunStart& start) {
  const char* path = options.journal.c_str();
  std::printf("%s is finished: rollcall report %s shows it\n", path, path);
  if (std::fflush(stdout) != 0) return 6;
  return options.resumes_as_kept ? 0 : start.kept->account->exit_status;
}

/// Keeps how the run came out; returns `status`, or 6.
int close_journal(RunStart& start, const RunRecords& records, const Summary& summary,
                  const Ending& ending, int status) {
  const FinalAccount account{summary.startup,     summary.planning, summary.validation,
                             summary.coordinator, status,           ending.signal};
  if (auto kept = start.journal->finish(records, account); !kept) {
    return give_up(kept.error().message, 6);
  }
  remove_journal_keys(start.journal_path);
  return status;
}

}  // namespace

int run_sleep(const SleepOptions& options, Instant started) {
  if (auto log = start_log("rollcall", options.log_level, options.log_file); !log) {
    return give_up("--log-file: " + log.error().message, 2);
  }
  const std::uint64_t descriptors = net::raise_descriptor_limit().raised;
  const auto listening = listening_of(options);
  if (!listening) return give_up(listening.error().message, 2);
  std::unique_ptr<ResultsFile> results;
  if (!options.results_file.empty()) {
    auto opened = ResultsFile::open(options.results_file);
    if (!opened) return give_up("--results: " + opened.error().message, 2);
    results = std::move(*opened);
  }
  const Policy policy = policy_of(options);
  if (auto room = check_room(policy.local_workers, descriptors); !room) {
    return give_up(room.error().message, 2);
  }
  const RunSpec spec = spec_of(options);
  auto start = start_run(options, spec);
  if (!start) return give_up("--journal: " + start.error().message, 2);
  if (start->is_finished) return say_finished(options, *start);
  const Instant before_planning = net::now();
  Scheduler scheduler = scheduler_for(*start, spec, policy);
  const Duration planning = net::now() - before_planning;
  const RunRecords& records = scheduler.records();
  const std::unique_ptr<Output> output = output_for(options, records);
  ProgressWriter progress = progress_for(options, scheduler, policy);
  Coordinator coordinator(
      scheduler, *output, progress, *start, *listening,
      {worker_program_beside_own(), options.slots, options.log_level, policy.journal});
  if (auto listens = coordinator.listen(); !listens) {
    discard(*start);
    return give_up(listens.error().message, 2);
  }
  if (const std::string notice = task_lines_notice(options); !options.quiet && !notice.empty()) {
    std::fprintf(stderr, "%s\n", notice.c_str());
  }
  coordinator.run();
  progress.finish();
  if (!coordinator.journal_error().empty()) return give_up(coordinator.journal_error(), 6);
  if (start->journal && (coordinator.interrupted() || scheduler.suspended())) {
    output->flush();
    std::fprintf(stderr, "rollcall sleep: stopped; to go on: rollcall resume %s\n",
                 shell_quote(options.journal).c_str());
  }
  if (coordinator.interrupted() || scheduler.suspended()) {
    return coordinator.signal() != 0 ? 128 + coordinator.signal() : 4;
  }

  const std::vector<std::uint32_t> order = finish_order(records);
  const Summary summary = account_for(records, order, start_of(*start, started), planning);
  Ending ending{coordinator.signal(), false, scheduler.ran_out_of_workers(), summary.validated()};
  std::string results_error;
  if (results) {
    if (auto written = results->write(records, order); !written) {
      results_error = written.error().message;
    }
  }
  output->finished(summary, order);
  output->flush();
  print_summary(STDERR_FILENO, records, summary, options.quiet);
  for (const std::string& error : {results_error, output->failed()}) {
    if (error.empty()) continue;
    ending.output_failed = true;
    give_up(error, 6);
  }
  const int status = exit_status(records, ending);
  return start->journal ? close_journal(*start, records, summary, ending, status) : status;
}

int run_resume(const ResumeOptions& options, Instant started) {
  const auto fail = [](const std::string& why) {
    std::fprintf(stderr, "rollcall resume: %s\n", why.c_str());
    return 2;
  };
  const auto arguments = arguments_of(options.journal);
  if (!arguments) return fail(arguments.error().message);
  std::vector<const char*> argv{"rollcall", "sleep"};
  for (const std::string& argument : *arguments) argv.push_back(argument.c_str());
  const auto parsed = parse_command_line(static_cast<int>(argv.size()), argv.data(), std::getenv);
  const auto* sleep = std::get_if<SleepOptions>(&parsed);
  if (sleep == nullptr) return fail(options.journal + ": its request is not understood");
  SleepOptions again = *sleep;
  again.journal = options.journal;
  again.resume = again.resumes_as_kept = true;
  return run_sleep(again, started);
}

}  // namespace rollcall::coordinator
