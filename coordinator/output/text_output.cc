#include <algorithm>
#include <chrono>
#include <vector>

#include "common/limits.h"
#include "common/model/decimal.h"
#include "coordinator/output/output.h"
#include "coordinator/output/stream_output.h"

namespace rollcall::coordinator {
namespace {

/// Lines for each task, and two lines at the end. Await lines of tasks that start together are
/// sorted by task: they are held until every dispatched task has started, an outcome is written, or
/// limits::hold_starts has passed.
class TextOutput final : public StreamOutput {
 public:
  TextOutput(const RunRecords& records, int fd, bool task_lines)
      : StreamOutput(fd), records_(records), task_lines_(task_lines) {
    if (task_lines) awaited_.resize(records.spec.task_count);
  }

  void run_started(Instant, const RunPlace&) override {}
  void worker_joined(Instant, SessionIndex) override {}
  void worker_left(Instant, SessionIndex, std::uint64_t) override {}
  void attempts_failed(Instant, SessionIndex, const OutcomeColumns&,
                       std::span<const std::uint32_t>) override {}

  void tasks_started(Instant now, SessionIndex, std::span<const TaskId> tasks) override {
    if (!task_lines_) return;
    for (const TaskId task : tasks) {
      if (mark_awaited(task)) held_.push_back(task);
    }
    if (awaited_count_ == records_.tasks_dispatched) {
      write_held();
    } else if (!held_.empty() && held_until_ == kNever) {
      held_until_ = now + limits::hold_starts;
    }
  }

  void append_outcomes(Instant, std::size_t first, std::size_t count) override {
    if (!task_lines_) return;
    write_held();
    if (is_without_workers()) return;
    for (std::size_t record = first; record < first + count; ++record) write_end(record);
  }

  void finished(const Summary& summary, std::span<const std::uint32_t>) override {
    write_held();
    if (!summary.finished) return write_unfinished(summary);
    if (is_without_workers()) return;
    write_count();
    text() += " async tasks finished in ";
    append_rounded_seconds(text(), summary.measured);
    text() += " seconds.\n";
    write_count();
    text() +=
        summary.validated() ? " async tasks validated in " : " async tasks failed validation in ";
    append_rounded_seconds(text(), summary.validation);
    text() += " seconds.\n";
  }

 private:
  void write_unfinished(const Summary& summary) {
    append_number(text(), records_.accepted());
    text() += " of ";
    write_count();
    text() += " async tasks finished in ";
    append_rounded_seconds(text(), summary.measured);
    text() += " seconds. The run is not finished.\n";
  }

  Instant held_until() const override { return held_until_; }
  void release() override { write_held(); }

  /// The run ended because no worker came; every task counts as lost, and none was started.
  bool is_without_workers() const { return !records_.has_started() && !records_.stop_requested; }

  bool mark_awaited(TaskId task) {
    if (awaited_[index(task)]) return false;
    awaited_[index(task)] = true;
    ++awaited_count_;
    return true;
  }

  void write_held() {
    std::sort(held_.begin(), held_.end());
    for (const TaskId task : held_) write_await(task);
    held_.clear();
    held_until_ = kNever;
  }

  void write_await(TaskId task) {
    write_task(task);
    text() += "await a sleep for ";
    append_rounded_seconds(text(), records_.spec.pause(task));
    text() += '\n';
  }

  void write_end(std::size_t record) {
    const TaskId task = records_.task[record];
    if (mark_awaited(task)) write_await(task);
    write_task(task);
    switch (records_.outcome_of(task)) {
      case Outcome::succeeded:
        text() += "done with sleep for ";
        append_rounded_seconds(text(), records_.spec.pause(task));
        break;
      case Outcome::lost:
        text() += "lost";
        break;
      case Outcome::cancelled:
        write_after("cancelled after ", record);
        break;
      case Outcome::timed_out:
        write_after("timed out after ", record);
        break;
      case Outcome::failed:
      case Outcome::not_started:
      case Outcome::returned:
        write_after("failed after ", record);
        break;
    }
    text() += '\n';
    if (records_.spec.method == CollectionMethod::as_complete) write_next_complete(task);
  }

  void write_after(const char* what, std::size_t record) {
    text() += what;
    append_rounded_seconds(text(), records_.elapsed[record]);
  }

  void write_next_complete(TaskId task) {
    text() += " - next task complete ";
    append_number(text(), index(task));
    text() += " with result ";
    const Outcome outcome = records_.outcome_of(task);
    if (outcome == Outcome::succeeded) {
      append_rounded_seconds(text(), records_.spec.pause(task));
    } else {
      text() += to_string(outcome);
    }
    text() += '\n';
  }

  void write_task(TaskId task) {
    text() += "Task ";
    append_number(text(), index(task));
    text() += " - ";
  }
  void write_count() { append_number(text(), records_.spec.task_count); }

  const RunRecords& records_;
  bool task_lines_;
  std::vector<bool> awaited_;  ///< by task: its await line is written or held
  std::uint64_t awaited_count_ = 0;
  std::vector<TaskId> held_;
  Instant held_until_ = kNever;
};

}  // namespace

std::unique_ptr<Output> make_text_output(const RunRecords& records, int fd, bool task_lines) {
  return std::make_unique<TextOutput>(records, fd, task_lines);
}

}  // namespace rollcall::coordinator
