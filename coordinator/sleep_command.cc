#include "coordinator/sleep_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "common/log.h"
#include "common/net/clock.h"
#include "common/net/process_limits.h"
#include "common/net/random.h"
#include "common/net/usage.h"
#include "coordinator/coordinator.h"
#include "coordinator/core/exit_status.h"
#include "coordinator/output/output.h"
#include "coordinator/output/progress_writer.h"
#include "coordinator/output/results_file.h"
#include "coordinator/output/summary_text.h"

namespace rollcall::coordinator {
namespace {

constexpr Epoch kFirstEpoch = 1;

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
  policy.orphan_for = options.liveness;
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
  std::optional<std::uint64_t> slots;
  if (options.slots != 0) slots = std::uint64_t{options.slots} * policy.local_workers;
  progress.set_expected(expected_time(scheduler.records().spec, scheduler.longest_pause(), slots));
  return progress;
}

/// One line on standard error; returns `status`.
int give_up(const std::string& why, int status) {
  std::fprintf(stderr, "rollcall sleep: %s\n", why.c_str());
  return status;
}

/// The account of a run that is over, its validation included.
Summary account_for(const RunRecords& records, const std::vector<std::uint32_t>& order,
                    Instant started, Duration planning) {
  Summary summary = summarize(records, order);
  const Instant before = net::now();
  summary.failed_checks = validate(records, order, summary.lower_bound);
  summary.validation = net::now() - before;
  summary.planning = planning;
  summary.startup =
      records.first_dispatch ? *records.first_dispatch - started - planning : Duration::zero();
  const net::Usage used = net::usage();
  summary.coordinator = {used.cpu_seconds, used.peak_rss_bytes};
  return summary;
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
  const Instant before_planning = net::now();
  Scheduler scheduler(spec_of(options), policy, kFirstEpoch);
  const Duration planning = net::now() - before_planning;
  const RunRecords& records = scheduler.records();
  const std::unique_ptr<Output> output = output_for(options, records);
  ProgressWriter progress = progress_for(options, scheduler, policy);
  Coordinator coordinator(scheduler, *output, progress, *listening,
                          {worker_program_beside_own(), options.slots, options.log_level});
  if (auto listens = coordinator.listen(); !listens) {
    return give_up(listens.error().message, 2);
  }
  if (const std::string notice = task_lines_notice(options); !options.quiet && !notice.empty()) {
    std::fprintf(stderr, "%s\n", notice.c_str());
  }
  coordinator.run();
  progress.finish();
  if (coordinator.interrupted()) return 128 + coordinator.signal();

  const std::vector<std::uint32_t> order = finish_order(records);
  const Summary summary = account_for(records, order, started, planning);
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
  return exit_status(records, ending);
}

}  // namespace rollcall::coordinator
