#include "coordinator/run/run.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "common/cli/log.h"
#include "common/os/clock.h"
#include "common/os/process_limits.h"
#include "common/os/usage.h"
#include "coordinator/control/desk.h"
#include "coordinator/core/analysis/exit_status.h"
#include "coordinator/exec/input/shell_quote.h"
#include "coordinator/output/format/summary_text.h"
#include "coordinator/output/progress_writer.h"
#include "coordinator/output/results_file.h"
#include "coordinator/run/event_loop.h"
#include "coordinator/run/run_start.h"

namespace rollcall::coordinator {
namespace {

/// One run of tasks, from its start to its exit status.
class Running {
 public:
  Running(const RunOptions& options, const RunPlan& plan, Instant started)
      : options_(options), plan_(plan), started_(started) {}

  int run();

 private:
  [[nodiscard]] Result<void> prepare();
  int run(const Listening& listening);
  int say_finished() const;
  Instant started() const;
  int stopped(const Coordinator& coordinator) const;
  int account(const Coordinator& coordinator);
  [[nodiscard]] Result<void> restore_commands();
  Scheduler make_scheduler(const Policy& policy);
  ProgressWriter make_progress() const;
  Summary make_summary(const std::vector<std::uint32_t>& order) const;
  int close_journal(const Summary& summary, const Ending& ending, int status);
  int give_up(const std::string& why, int status) const;
  /// What the user has typed after rollcall.
  const char* command() const {
    return options_.resumes_as_saved ? "resume" : plan_.command.c_str();
  }

  const RunOptions& options_;
  const RunPlan& plan_;
  Instant started_;
  os::DescriptorLimit descriptors_;
  Listening listening_;
  std::unique_ptr<ResultsFile> results_;
  RunStart start_;
  Duration planning_{};
  std::optional<Scheduler> scheduler_;
  std::unique_ptr<Output> output_;
};

/// One line on standard error; returns `status`.
int Running::give_up(const std::string& why, int status) const {
  std::fprintf(stderr, "rollcall %s: %s\n", command(), why.c_str());
  return status;
}

/// All that can be wrong before there is a run.
Result<void> Running::prepare() {
  if (auto log = start_log("rollcall", options_.log_level, options_.log_file); !log) {
    return permanent("--log-file: " + log.error().message);
  }
  descriptors_ = os::raise_descriptor_limit();
  auto listening = listening_of(options_);
  if (!listening) return listening.error();
  listening_ = std::move(*listening);
  if (!options_.results_file.empty()) {
    auto opened = ResultsFile::open(options_.results_file);
    if (!opened) return permanent("--results: " + opened.error().message);
    results_ = std::move(*opened);
  }
  const bool is_exec = plan_.spec.kind == KindId::exec;
  if (auto room = check_room(plan_.policy.local_workers, descriptors_.raised, is_exec); !room) {
    return room;
  }
  auto start = start_run(options_, plan_.spec, plan_.asked, plan_.input);
  if (!start) {
    const char* option = options_.resumes_as_saved ? "" : "--journal: ";
    return permanent(option + start.error().message);
  }
  start_ = std::move(*start);
  return {};
}

/// What starts a run again and again asks for the status that it came to; who resumes it asks for
/// nothing that is not done.
int Running::say_finished() const {
  const char* path = options_.journal.c_str();
  std::fprintf(stderr, "%s is finished: rollcall report %s shows it\n", path, path);
  return options_.resumes_as_saved ? 0 : start_.kept->account->exit_status;
}

Scheduler Running::make_scheduler(const Policy& policy) {
  if (!start_.kept) return {plan_.spec, policy, start_.epoch};
  return {std::move(start_.kept->records), start_.kept->published, policy, start_.epoch};
}

ProgressWriter Running::make_progress() const {
  const ProgressPlace place = progress_place(STDOUT_FILENO, STDERR_FILENO, plan_.writes_as_it_goes);
  const ProgressStyle style =
      options_.quiet ? ProgressStyle::none : progress_style(options_.progress, place);
  const RunRecords& records = scheduler_->records();
  ProgressWriter progress(records, style, STDERR_FILENO, color_wanted(STDERR_FILENO));
  progress.count_running([this] { return running_of(*scheduler_); });
  std::optional<std::uint64_t> slots;
  if (options_.slots != 0) slots = std::uint64_t{options_.slots} * plan_.policy.local_workers;
  progress.set_expected(expected_time(records.spec, scheduler_->longest_cost(), slots));
  return progress;
}

/// What came of commands in earlier epochs.
Result<void> Running::restore_commands() {
  if (plan_.exec == nullptr || !start_.kept) return {};
  std::vector<std::pair<std::size_t, CommandResult>> results;
  auto read = start_.journal->read_commands([&](std::uint64_t record, CommandResult result) {
    results.emplace_back(record, std::move(result));
  });
  if (!read) return read;
  const RunRecords& records = scheduler_->records();
  std::erase_if(results, [&](const auto& result) { return result.first >= records.accepted(); });
  plan_.exec->restore(records, std::move(results), start_.kept->published);
  return {};
}

int Running::run() {
  if (auto prepared = prepare(); !prepared) return give_up(prepared.error().message, 2);
  if (start_.is_finished) return say_finished();
  const Instant before_planning = os::now();
  scheduler_.emplace(make_scheduler(plan_.policy));
  planning_ = os::now() - before_planning;
  if (auto restored = restore_commands(); !restored) return give_up(restored.error().message, 2);
  output_ = plan_.output(scheduler_->records());
  if (plan_.exec != nullptr) plan_.exec->results().mark_published(plan_.exec->restored());
  ProgressWriter progress = make_progress();
  Coordinator coordinator(*scheduler_, *output_, progress, start_, listening_,
                          {worker_program_beside_own(), options_.slots, options_.log_level,
                           plan_.policy.journal, descriptors_.inherited},
                          plan_.exec);
  if (auto listens = coordinator.listen(); !listens) {
    discard(start_);
    return give_up(listens.error().message, 2);
  }
  if (!options_.quiet && !plan_.notice.empty()) {
    std::fprintf(stderr, "%s\n", plan_.notice.c_str());
  }
  coordinator.run();
  progress.finish();
  if (!coordinator.journal_error().empty()) return give_up(coordinator.journal_error(), 6);
  const bool is_stopped = coordinator.interrupted() || scheduler_->suspended();
  return is_stopped ? stopped(coordinator) : account(coordinator);
}

/// Before its end: by a signal, or because its output could not be written.
int Running::stopped(const Coordinator& coordinator) const {
  output_->flush();
  if (start_.journal) {
    std::fprintf(stderr, "rollcall %s: stopped; to go on: rollcall resume %s\n", command(),
                 shell_quote(options_.journal).c_str());
  }
  if (coordinator.signal() != 0) return 128 + coordinator.signal();
  return coordinator.output_error().empty() ? 4 : give_up(coordinator.output_error(), 6);
}

int Running::account(const Coordinator& coordinator) {
  const RunRecords& records = scheduler_->records();
  const std::vector<std::uint32_t> order = finish_order(records);
  const Summary summary = make_summary(order);
  Ending ending{coordinator.signal(), false, scheduler_->ran_out_of_workers(), summary.validated()};
  std::string results_error;
  const CommandResults* commands = plan_.exec == nullptr ? nullptr : &plan_.exec->results();
  if (results_) {
    if (auto written = results_->write(records, order, commands); !written) {
      results_error = written.error().message;
    }
  }
  output_->finished(summary, order);
  output_->flush();
  if (plan_.exec != nullptr && !options_.quiet) {
    std::fputs(plan_.exec->failures_text(records).c_str(), stderr);
  }
  print_summary(STDERR_FILENO, records, summary, options_.quiet);
  for (const std::string& error : {results_error, coordinator.output_error()}) {
    if (error.empty()) continue;
    ending.output_failed = true;
    give_up(error, 6);
  }
  const int status = exit_status(records, ending);
  return start_.journal ? close_journal(summary, ending, status) : status;
}

/// When the run's first coordinator began, on this one's clock.
Instant Running::started() const {
  if (!start_.kept) return started_;
  const EpochRecord& first = start_.kept->epochs.front();
  return first.in_run(first.start.monotonic) - start_.kept->epochs.back().shift;
}

/// The account of a run that is over, its validation included.
Summary Running::make_summary(const std::vector<std::uint32_t>& order) const {
  const RunRecords& records = scheduler_->records();
  Summary summary = summarize(records, order);
  const Instant before = os::now();
  summary.failed_checks = validate(records, order, summary.lower_bound);
  summary.validation = os::now() - before;
  summary.planning = planning_;
  if (records.first_dispatch) {
    summary.startup = std::max(*records.first_dispatch - started() - planning_, Duration::zero());
  }
  const os::Usage used = os::usage();
  summary.coordinator = {used.cpu_seconds, used.peak_rss_bytes};
  return summary;
}

/// Keeps how the run came out; returns `status`, or 6.
int Running::close_journal(const Summary& summary, const Ending& ending, int status) {
  const FinalAccount account{summary.startup,     summary.planning, summary.validation,
                             summary.coordinator, status,           ending.signal};
  if (auto kept = start_.journal->finish(scheduler_->records(), account); !kept) {
    return give_up(kept.error().message, 6);
  }
  remove_journal_keys(start_.journal_path);
  return status;
}

}  // namespace

Policy policy_of(const RunOptions& options, std::uint32_t workers) {
  Policy policy;
  policy.local_workers = options.workers.value_or(workers);
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
  return policy;
}

int run_tasks(const RunOptions& options, const RunPlan& plan, Instant started) {
  return Running(options, plan, started).run();
}

}  // namespace rollcall::coordinator
