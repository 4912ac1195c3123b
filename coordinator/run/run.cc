#include "coordinator/run/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "common/cli/duration_text.h"
#include "common/cli/log.h"
#include "common/limits.h"
#include "common/os/clock.h"
#include "common/os/process_limits.h"
#include "common/os/usage.h"
#include "coordinator/control/desk.h"
#include "coordinator/core/analysis/exit_status.h"
#include "coordinator/exec/input/shell_quote.h"
#include "coordinator/output/print_summary.h"
#include "coordinator/output/progress_writer.h"
#include "coordinator/output/results_file.h"
#include "coordinator/run/end_command.h"
#include "coordinator/run/event_loop.h"
#include "coordinator/run/run_start.h"
#include "coordinator/view/run_document.h"

namespace rollcall::coordinator {
namespace {

/// The command that runs it, as in `rollcall exec`.
std::string command_of(const TaskKind& kind) {
  if (kind.options().abandon) return "abandon";
  return kind.options().resumes_as_saved ? "resume" : std::string(kind.name());
}

/// One run of tasks, from its start to its exit status.
class Run {
 public:
  Run(TaskKind& kind, Instant started)
      : options_(kind.options()), kind_(kind), started_(started), end_command_(options_.on_end) {}
  ~Run() { log_directly(); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  int run();

 private:
  [[nodiscard]] Result<void> prepare();
  int report_finished() const;
  Instant started() const;
  int stopped(const EventLoop& loop);
  int account(const EventLoop& loop);
  [[nodiscard]] std::string write_results(const std::vector<std::uint32_t>& order);
  void print(const Summary& summary, const std::vector<std::uint32_t>& order);
  void note_printed();
  void leave_journal(const EventLoop& loop);
  void print_how_to_continue() const;
  Scheduler make_scheduler(const Policy& policy);
  ProgressWriter make_progress(std::uint32_t local_workers) const;
  Summary make_summary(const std::vector<std::uint32_t>& order) const;
  int journal_failed(const EventLoop& loop);
  void keep_document(const Summary& summary);
  int run_end_command(int status);
  int close_journal(const Summary& summary, const Ending& ending, int status);
  int give_up(const std::string& why, int status) const;
  /// As the user typed it after rollcall.
  std::string command() const { return command_of(kind_); }

  const RunOptions& options_;
  TaskKind& kind_;
  Instant started_;
  os::DescriptorLimit descriptors_;
  Listening listening_;
  std::unique_ptr<ResultsFile> results_;
  RunStart start_;
  Duration planning_{};
  std::optional<Scheduler> scheduler_;
  std::unique_ptr<Output> output_;
  EndCommand end_command_;
  std::string document_;  ///< for --on-end; empty: it is not run
};

/// One line on standard error; returns `status`.
int Run::give_up(const std::string& why, int status) const {
  std::fprintf(stderr, "rollcall %s: %s\n", command().c_str(), why.c_str());
  return status;
}

/// Checks everything that can be wrong before the run.
Result<void> Run::prepare() {
  const LogSettings settings{options_.log_level, options_.log_format, options_.log_file};
  if (auto log = start_log("rollcall", settings); !log) {
    return permanent("--log-file: " + log.error().message);
  }
  // A journal may have been created when this was not checked.
  if (!options_.resumes_as_saved &&
      options_.orphan_for.value_or(options_.liveness) < options_.liveness) {
    return permanent(fmt::format("--orphan-for {}: expected at least --liveness, which is {}",
                                 format_exact(*options_.orphan_for),
                                 format_exact(options_.liveness)));
  }
  if (auto room = os::check_thread_limit(limits::coordinator_threads); !room) return room;
  descriptors_ = os::raise_descriptor_limit();
  auto listening = listening_of(options_);
  if (!listening) return listening.error();
  listening_ = std::move(*listening);
  if (!options_.results_file.empty()) {
    auto opened = ResultsFile::open(options_.results_file);
    if (!opened) return permanent("--results: " + opened.error().message);
    results_ = std::move(*opened);
  }
  const std::uint32_t workers = kind_.policy().local_workers;
  if (workers > 0) {
    if (auto found = check_worker_program(worker_program_beside_own()); !found) return found;
  }
  if (auto room = check_room(workers, descriptors_.raised, kind_.worker_descriptors()); !room) {
    return room;
  }
  auto start = start_run(kind_);
  if (!start) {
    const char* option = options_.resumes_as_saved ? "" : "--journal: ";
    return permanent(option + start.error().message);
  }
  start_ = std::move(*start);
  return {};
}

/// A command that is repeated has the exit status of the finished run; for `rollcall resume` there
/// is nothing to do, which is success.
int Run::report_finished() const {
  const char* path = options_.journal.c_str();
  std::fprintf(stderr, "%s is finished: rollcall report %s shows it\n", path, path);
  return options_.resumes_as_saved ? 0 : start_.loaded->account->exit_status;
}

Scheduler Run::make_scheduler(const Policy& policy) {
  if (!start_.loaded) {
    RunSpec spec = kind_.spec();
    spec.name = options_.name;
    return {spec, policy, start_.epoch};
  }
  start_.loaded->records.spec.name = options_.name;
  return {std::move(start_.loaded->records), start_.loaded->published, policy, start_.epoch};
}

ProgressWriter Run::make_progress(std::uint32_t local_workers) const {
  const ProgressPlace place = progress_place(STDOUT_FILENO, STDERR_FILENO,
                                             kind_.writes_as_it_goes(), kind_.display().is_brief());
  const ProgressStyle style =
      options_.quiet ? ProgressStyle::none : progress_style(options_.progress, place);
  const RunRecords& records = scheduler_->records();
  ProgressWriter progress(records, style, STDERR_FILENO, color_wanted(STDERR_FILENO));
  progress.count_running([this] { return running_of(*scheduler_); });
  progress.watch_pause([this] { return scheduler_->is_paused(); });
  std::optional<std::uint64_t> slots;
  if (options_.slots != 0) slots = std::uint64_t{options_.slots} * local_workers;
  progress.set_expected(expected_time(records.spec, scheduler_->longest_cost(), slots));
  return progress;
}

int Run::run() {
  if (auto prepared = prepare(); !prepared) return give_up(prepared.error().message, 2);
  if (start_.is_finished) return report_finished();
  const Policy policy = kind_.policy();
  const Instant before_planning = os::now();
  scheduler_.emplace(make_scheduler(policy));
  planning_ = os::now() - before_planning;
  const RunRecords& records = scheduler_->records();
  const std::uint64_t published = start_.loaded ? start_.loaded->published : 0;
  if (start_.loaded) {
    auto restored = kind_.restore(*start_.journal, records, published);
    if (!restored) return give_up(restored.error().message, 2);
  }
  output_ = kind_.make_output(records);
  kind_.write_files_on(output_->thread());
  kind_.published(published);
  ProgressWriter progress = make_progress(policy.local_workers);
  EventLoop loop(*scheduler_, kind_, *output_, progress, start_, listening_,
                 {worker_program_beside_own(), options_.slots, options_.log_level,
                  options_.log_format, policy.journal, descriptors_.inherited});
  if (auto listens = loop.listen(); !listens) {
    discard(start_);
    return give_up(listens.error().message, 2);
  }
  output_->run_started(os::now(), loop.place());
  const std::string notice = kind_.notice();
  if (!options_.quiet && !notice.empty()) std::fprintf(stderr, "%s\n", notice.c_str());
  log_on_a_thread();
  loop.run();
  progress.finish();
  if (records.spec.task_count == 0 && !records.input_error.empty()) {
    output_->drain();
    log_directly();
    discard(start_);
    return give_up(records.input_error, 2);
  }
  const bool is_unfinished = loop.interrupted() || scheduler_->suspended();
  const auto finish = [&] {
    if (!loop.journal_error().empty()) return journal_failed(loop);
    return is_unfinished ? stopped(loop) : account(loop);
  };
  return loop.serve_during([&] { return run_end_command(finish()); },
                           [this] {
                             if (results_) results_->discard();
                             end_command_.end();
                           });
}

/// Nothing more can be committed, so nothing more is printed.
int Run::journal_failed(const EventLoop& loop) {
  log_directly();
  print_how_to_continue();
  if (!options_.on_end.empty()) {
    Summary summary = make_summary(finish_order(scheduler_->records()));
    summary.finished = false;
    keep_document(summary);
  }
  return give_up(loop.journal_error(), 6);
}

/// What --output json prints, for --on-end.
void Run::keep_document(const Summary& summary) {
  if (options_.on_end.empty()) return;
  document_ = dump(run_document(scheduler_->records(), summary, kind_.display()), 2) + '\n';
}

/// The command of --on-end gets the document of the run, whatever its status. A run that was ended
/// at once has no document. Returns the exit status.
int Run::run_end_command(int status) {
  if (document_.empty()) return status;
  const std::string why = end_command_.run(document_);
  if (why.empty()) return status;
  return give_up("--on-end: " + why, status == 0 ? 1 : status);
}

/// The run was left unfinished: by a signal, because its output cannot be written, or for lack of
/// workers. A run that was ended at once has no summary.
int Run::stopped(const EventLoop& loop) {
  std::string results_error;
  if (loop.interrupted()) {
    output_->drain();
    log_directly();
  } else {
    const std::vector<std::uint32_t> order = finish_order(scheduler_->records());
    results_error = write_results(order);
    Summary summary = make_summary(order);
    summary.finished = false;  // even if the last outcomes came while it was stopping
    summary.run_timed_out = scheduler_->run_timed_out() && loop.signal() == 0;
    print(summary, order);
  }
  int status = scheduler_->run_timed_out() ? 5 : 4;
  for (const std::string& error : {results_error, loop.output_error()}) {
    if (!error.empty()) status = give_up(error, 6);
  }
  if (start_.journal) leave_journal(loop);
  return loop.signal() != 0 ? 128 + loop.signal() : status;
}

/// The run is left to the next coordinator.
void Run::leave_journal(const EventLoop& loop) {
  note_printed();
  if (loop.unsaved() > 0) {
    std::fprintf(stderr, "rollcall %s: %s: the disk is full: %llu results are not saved\n",
                 command().c_str(), options_.journal.c_str(),
                 static_cast<unsigned long long>(loop.unsaved()));
  }
  print_how_to_continue();
}

void Run::print_how_to_continue() const {
  std::fprintf(stderr, "rollcall %s: stopped; to continue: rollcall resume %s\n", command().c_str(),
               shell_quote(options_.journal).c_str());
}

/// Returns why the results file cannot be written; empty if it can, or if there is none.
std::string Run::write_results(const std::vector<std::uint32_t>& order) {
  if (!results_) return {};
  auto written = results_->write(scheduler_->records(), order, kind_.display());
  return written ? std::string() : written.error().message;
}

/// The end of standard output, and the summary.
void Run::print(const Summary& summary, const std::vector<std::uint32_t>& order) {
  const RunRecords& records = scheduler_->records();
  output_->finished(summary, order);
  keep_document(summary);
  output_->drain();
  log_directly();
  if (scheduler_->ran_out_of_workers() && !records.has_started()) {
    give_up("no task was started", 4);
    return;
  }
  print_summary(STDERR_FILENO, records, summary, kind_.display(), options_.summary, options_.quiet);
}

/// The next coordinator prints only results that this one has not printed. If that cannot be saved,
/// it prints again those of the last commits.
void Run::note_printed() {
  static_cast<void>(start_.journal->note_published(scheduler_->records(), output_->printed()));
}

int Run::account(const EventLoop& loop) {
  const RunRecords& records = scheduler_->records();
  const std::vector<std::uint32_t> order = finish_order(records);
  Summary summary = make_summary(order);
  Ending ending;
  ending.signal = loop.signal();
  ending.output_dropped = !kind_.display().dropped_text().empty();
  ending.no_workers = scheduler_->ran_out_of_workers();
  // With a journal no task was cancelled: those that it left pending have ended all the same.
  ending.run_timed_out = scheduler_->run_timed_out() && !start_.journal;
  ending.abandoned = options_.abandon;
  ending.validated = summary.validated();
  const std::string results_error = write_results(order);
  ending.output_failed = !results_error.empty() || !loop.output_error().empty();
  summary.exit_status = exit_status(records, ending);
  summary.run_timed_out = ending.run_timed_out;
  if (start_.journal && ending.output_failed) summary.finished = false;
  print(summary, order);
  for (const std::string& error : {results_error, loop.output_error()}) {
    if (error.empty()) continue;
    ending.output_failed = true;
    give_up(error, 6);
  }
  if (!records.input_error.empty()) give_up(records.input_error, 6);
  const int status = exit_status(records, ending);
  if (!start_.journal) return status;
  if (!ending.output_failed) return close_journal(summary, ending, status);
  leave_journal(loop);  // the next coordinator prints what this one could not
  return status;
}

/// When the run's first coordinator started, on this coordinator's clock.
Instant Run::started() const {
  if (!start_.loaded) return started_;
  const EpochRecord& first = start_.loaded->epochs.front();
  return first.in_run(first.start.monotonic) - start_.loaded->epochs.back().shift;
}

/// The summary of the run, with its validation if it is finished.
Summary Run::make_summary(const std::vector<std::uint32_t>& order) const {
  const RunRecords& records = scheduler_->records();
  Summary summary = summarize(records, order);
  const Instant before = os::now();
  if (summary.finished) summary.failed_checks = validate(records, order, summary.lower_bound);
  summary.validation = os::now() - before;
  summary.planning = planning_;
  if (records.first_dispatch) {
    summary.startup = std::max(*records.first_dispatch - started() - planning_, Duration::zero());
  }
  const os::Usage used = os::usage();
  summary.coordinator = {used.cpu_seconds, used.peak_rss_bytes};
  summary.started = start_.journal ? Duration(start_.journal->run().created)
                                   : os::unix_time() - (os::now() - started_);
  return summary;
}

/// Writes the result of the run into the journal; returns `status`, or 6.
int Run::close_journal(const Summary& summary, const Ending& ending, int status) {
  const FinalAccount account{summary.startup,     summary.planning, summary.validation,
                             summary.coordinator, status,           ending.signal};
  if (auto written = start_.journal->finish(scheduler_->records(), account); !written) {
    return give_up(written.error().message, 6);
  }
  remove_journal_keys(start_.journal_path);
  kind_.finished();
  return status;
}

}  // namespace

int run_tasks(TaskKind& kind, Instant started) {
  if (auto prepared = kind.prepare(); !prepared) {
    std::fprintf(stderr, "rollcall %s: %s\n", command_of(kind).c_str(),
                 prepared.error().message.c_str());
    return 2;
  }
  if (const std::optional<int> status = kind.dry_run()) return *status;
  return Run(kind, started).run();
}

}  // namespace rollcall::coordinator
