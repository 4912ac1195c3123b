#include "coordinator/output/exec_output.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/exec/results/live_output.h"
#include "coordinator/output/stream/output_thread.h"
#include "coordinator/output/stream/printed_records.h"

namespace rollcall::coordinator {
namespace {

/// What a command has written. Shares the result, and does not copy it.
struct Written {
  std::shared_ptr<const CommandResult> result;
  std::string tag;
  WrittenOutput output;      ///< of `result`
  SessionAttempt attempt{};  ///< if it is printed live
};

/// A task that has ended, on its way to the thread. Small, since millions may be cancelled at once.
struct Ended {
  TaskId task{};
  std::shared_ptr<const Written> written = nullptr;  ///< null: the task has never run
};

std::size_t bytes_of(const std::vector<Ended>& tasks) {
  std::size_t bytes = 0;
  for (const Ended& ended : tasks) {
    if (!ended.written) continue;
    bytes += ended.written->result->out.size() + ended.written->result->err.size();
  }
  return bytes;
}

/// The thread formats the output and puts it in order, since holding it may need a file.
class ExecOutput final : public Output {
 public:
  ExecOutput(const RunRecords& records, const ExecRun& exec,
             const CommandOutput::Settings& settings, bool prints, int out_fd, int error_fd)
      : records_(records),
        exec_(exec),
        has_tag_(settings.tag),
        keeps_order_(settings.keep_order),
        prints_(prints),
        commands_(settings),
        out_(thread_.add_stream(out_fd, "standard output")),
        error_(thread_.add_stream(error_fd, "standard error")) {
    if (settings.live != LivePrinting::none && prints) {
      live_.emplace(settings.live, settings.tag);
      // Commands wait for a slow reader.
      out_.stay_in_memory();
      error_.stay_in_memory();
    }
    thread_.after_each_round([this] { return refill(); });
    // With --keep-order, published output may have waited for its turn, unprinted.
    if (settings.keep_order) restore();
  }

  void run_started(Instant, const RunPlace&) override {
    if (!restored_.empty()) post(std::exchange(restored_, {}), 0, 0);
  }
  void worker_joined(Instant, SessionIndex) override {}
  void worker_left(Instant, SessionIndex, std::uint64_t) override {}
  /// What is printed live is printed of each attempt.
  void attempts_failed(Instant, SessionIndex session, const OutcomeColumns& outcomes,
                       std::span<const std::uint32_t> rows) override {
    if (!live_) return;
    std::vector<Ended> attempts;
    for (const std::uint32_t row : rows) {
      const TaskId task = outcomes.task[row];
      auto result = std::make_shared<const CommandResult>(outcomes.command[row]);
      const WrittenOutput output = exec_.output_of(*result);
      attempts.push_back(
          {task,
           std::make_shared<const Written>(Written{
               std::move(result), tag_of(task), output, {session, task, outcomes.attempt[row]}})});
    }
    post(std::move(attempts), 0, 0);
  }

  bool prints_live() const override { return live_.has_value(); }
  void output_received(const SessionAttempt& attempt, OutputStream stream,
                       std::string&& bytes) override {
    const std::size_t size = bytes.size();
    thread_.post(size,
                 [this, attempt, stream, bytes = std::move(bytes), tag = tag_of(attempt.task)] {
                   live_->arrived(attempt, stream, tag, bytes);
                   take();
                 });
  }
  void tasks_started(Instant, SessionIndex, std::span<const TaskId>) override {}

  void outcomes_accepted(Instant, std::size_t first, std::size_t count) override {
    std::vector<Ended> tasks;
    for (std::size_t record = first; record < first + count; ++record) {
      if (prints_) tasks.push_back(ended(record));
      if (!prints_) release(record);
    }
    post(std::move(tasks), first, count);
  }

  void print_early(TaskId task, const SpoolKey& key) override {
    if (!prints_) return;
    thread_.post(0, [this, task, key, tag = tag_of(task), spool = exec_.spool()] {
      if (!thread_.failed().empty()) return;
      commands_.use_spool(spool);
      check(commands_.begin_early(task, key, tag));
    });
  }

  /// The thread calls refill() after the step.
  void output_arrived() override {
    if (prints_) thread_.post(0, [this] { commands_.output_arrived(); });
  }

  void advance(Instant) override {}
  Instant next_deadline() const override { return kNever; }

  /// Output that waits for that of earlier tasks is left to the next coordinator, if they have none
  /// yet.
  void finished(const Summary& summary, std::span<const std::uint32_t>) override {
    if (summary.finished) thread_.post(0, [this] { commands_.finish(); });
    if (!live_) return;
    thread_.post(0, [this] {
      live_->finish();
      take();
    });
  }

  void flush() override {}
  std::size_t printed() const override { return printed_; }
  OutputThread& thread() override { return thread_; }

 private:
  void restore() {
    std::vector<bool> published(records_.spec.task_count);
    for (std::size_t r = 0; r < exec_.restored(); ++r) published[index(records_.task[r])] = true;
    const auto first_unpublished =
        std::find(published.begin(), published.end(), false) - published.begin();
    for (std::size_t r = 0; prints_ && r < exec_.restored(); ++r) {
      const TaskId task = records_.task[r];
      const bool was_printed = index(task) < static_cast<std::size_t>(first_unpublished);
      restored_.push_back(was_printed ? Ended{task} : ended(r));
    }
  }

  Ended ended(std::size_t record) const {
    const TaskId task = records_.task[record];
    std::shared_ptr<const CommandResult> result = exec_.results().share_unpublished(record);
    if (!result) return {task};
    const WrittenOutput output = exec_.output_of(record, *result);
    SessionAttempt attempt{{}, task, 0};  // nothing of it has arrived before
    if (output.spooled) attempt = {output.spooled->key.session, task, output.spooled->key.attempt};
    return {task, std::make_shared<const Written>(
                      Written{std::move(result), tag_of(task), output, attempt})};
  }

  std::string tag_of(TaskId task) const {
    return has_tag_ ? exec_.commands().text(task) : std::string();
  }

  /// Nothing reads the output of this record, unless files get it.
  void release(std::size_t record) const {
    const SpooledResult* const spooled = exec_.results().spooled(record);
    if (spooled != nullptr && !exec_.writes_output_dir()) exec_.spool()->printed(spooled->key);
  }

  void post(std::vector<Ended> tasks, std::size_t first, std::size_t count) {
    const std::size_t bytes = bytes_of(tasks);
    // From now on it is bounded, even if the thread is slow.
    if (count > 0 && printed_ == PrintedRecords::kUnbounded) printed_ = first;
    thread_.post(bytes, [this, tasks = std::move(tasks), first, count, spool = exec_.spool()] {
      commands_.use_spool(spool);
      for (const Ended& task : tasks) print(task);
      take();
      if (count > 0) printed_records_.handed_over(first, count);
    });
  }

  // On the thread.

  void print(const Ended& ended) {
    if (!thread_.failed().empty()) return;
    WrittenOutput output;
    if (ended.written) output = ended.written->output;
    if (ended.written) output.tag = ended.written->tag;
    if (live_) {
      const SessionAttempt never{{}, ended.task, 0};
      return live_->ended(ended.written ? ended.written->attempt : never, output);
    }
    check(commands_.ended(ended.task, output));
  }

  /// Moves output to the streams.
  void take() {
    if (live_) {
      out_.append(std::exchange(live_->out(), {}));
      error_.append(std::exchange(live_->err(), {}));
      return;
    }
    out_.append(std::exchange(commands_.out(), {}));
    error_.append(std::exchange(commands_.err(), {}));
    commands_.taken();
  }

  /// Reads held and spooled output only if the streams are not behind.
  bool refill() {
    const bool is_behind = out_.pending() || error_.pending();
    const bool has_more = commands_.has_more() && thread_.failed().empty();
    count_printed(has_more);
    if (!has_more || is_behind) return false;
    check(commands_.print_more());
    take();
    return true;
  }

  void count_printed(bool has_more) {
    // After an error no more counts: text was dropped, or never appended.
    if (out_.failed().empty() && error_.failed().empty() && thread_.failed().empty()) {
      const PrintedRecords::Bytes appended{out_.appended(), error_.appended()};
      // In order, tasks that wait for their turn count as printed: restore() prints them.
      const bool by_task = prints_ && !keeps_order_ && !live_;
      if (by_task) printed_records_.mark(commands_.complete(), appended);
      if (!by_task && !has_more) printed_records_.mark(appended);
      printed_records_.written({out_.written(), error_.written()});
    }
    if (printed_records_.count() != PrintedRecords::kUnbounded) {
      printed_ = printed_records_.count();
    }
  }

  void check(const Result<void>& result) {
    if (!result) thread_.fail(result.error().message);
  }

  const RunRecords& records_;
  const ExecRun& exec_;
  bool has_tag_;
  bool keeps_order_;
  bool prints_;
  std::vector<Ended> restored_;  ///< published by earlier epochs; printed when the run starts
  std::atomic<std::size_t> printed_ = PrintedRecords::kUnbounded;
  // The thread's.
  CommandOutput commands_;
  std::optional<LiveOutput> live_;  ///< prints instead of commands_
  PrintedRecords printed_records_;
  OutputThread thread_;  ///< ends before the members that its steps use
  StreamWriter& out_;
  StreamWriter& error_;
};

}  // namespace

std::unique_ptr<Output> make_exec_output(const RunRecords& records, const ExecRun& exec,
                                         const CommandOutput::Settings& settings, bool prints,
                                         int out_fd, int error_fd) {
  return std::make_unique<ExecOutput>(records, exec, settings, prints, out_fd, error_fd);
}

}  // namespace rollcall::coordinator
