#include "coordinator/output/exec_output.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "coordinator/output/stream/printed_records.h"
#include "coordinator/output/stream/stream_writer.h"

namespace rollcall::coordinator {
namespace {

/// When to write again to a slow reader.
constexpr Duration kRetry = std::chrono::milliseconds(20);
/// How often limits::printed_bytes are printed before the loop handles other events.
constexpr int kRoundsATurn = 8;

class ExecOutput final : public Output {
 public:
  ExecOutput(const RunRecords& records, const ExecRun& exec,
             const CommandOutput::Settings& settings, bool prints, int out_fd, int error_fd)
      : records_(records),
        exec_(exec),
        has_tag_(settings.tag),
        prints_(prints),
        commands_(settings),
        out_(out_fd, "standard output"),
        error_(error_fd, "standard error") {
    // With --keep-order, published output may have waited for its turn, unprinted.
    if (settings.keep_order) restore();
  }

  void worker_joined(SessionIndex) override {}
  void worker_left(SessionIndex, std::uint64_t) override {}
  void tasks_started(Instant, SessionIndex, std::span<const TaskId>) override {}

  void outcomes_accepted(Instant, std::size_t first, std::size_t count) override {
    for (std::size_t record = first; prints_ && record < first + count; ++record) ended(record);
    printed_.handed_over(first, count);
  }

  void advance(Instant now) override {
    now_ = now;
    if (now >= retry_at_) flush();
  }
  Instant next_deadline() const override { return retry_at_; }

  /// Output that waits for that of earlier tasks is left to the next coordinator, if they have none
  /// yet.
  void finished(const Summary& summary, std::span<const std::uint32_t>) override {
    if (summary.finished) commands_.finish();
    is_finished_ = true;
  }

  void flush() override {
    int rounds = 0;
    do {
      take();
      for (StreamWriter* writer : {&out_, &error_}) {
        if (is_finished_) writer->write_all();
        if (!is_finished_ && writer->pending()) writer->write_some();
      }
    } while (has_more() && !is_behind() && (is_finished_ || ++rounds < kRoundsATurn));
    retry_at_ = is_behind() ? now_ + kRetry : has_more() ? now_ : kNever;
    if (!failed().empty()) return;
    if (!commands_.has_more()) printed_.mark({out_.appended(), error_.appended()});
    printed_.written({out_.written(), error_.written()});
  }

  std::size_t printed() const override { return printed_.count(); }

  const std::string& failed() const override { return failed_.empty() ? out_.failed() : failed_; }

 private:
  bool has_more() const { return failed().empty() && commands_.has_more(); }
  bool is_behind() const { return out_.pending() || error_.pending(); }

  void restore() {
    std::vector<bool> published(records_.spec.task_count);
    for (std::size_t r = 0; r < exec_.restored(); ++r) published[index(records_.task[r])] = true;
    const auto first_unpublished =
        std::find(published.begin(), published.end(), false) - published.begin();
    for (std::size_t r = 0; prints_ && r < exec_.restored(); ++r) {
      const TaskId task = records_.task[r];
      const bool was_printed = index(task) < static_cast<std::size_t>(first_unpublished);
      was_printed ? check(commands_.ended(task, {})) : ended(r);
    }
  }

  void ended(std::size_t record) {
    const TaskId task = records_.task[record];
    const std::string tag = has_tag_ ? exec_.commands().text(task) : std::string();
    WrittenOutput written;
    written.tag = tag;
    if (const CommandResult* result = exec_.results().unpublished(record)) {
      written.out = result->out;
      written.err = result->err;
      written.out_dropped = result->out_dropped;
      written.err_dropped = result->err_dropped;
    }
    check(commands_.ended(task, written));
  }

  /// Moves output to the writers; reads more held output only if they are not behind.
  void take() {
    if (!is_behind() && commands_.has_more()) check(commands_.print_more());
    out_.buffer() += commands_.out();
    error_.buffer() += commands_.err();
    commands_.out().clear();
    commands_.err().clear();
  }

  void check(const Result<void>& result) {
    if (!result && failed_.empty()) failed_ = "cannot hold output: " + result.error().message;
  }

  const RunRecords& records_;
  const ExecRun& exec_;
  bool has_tag_;
  bool prints_;
  CommandOutput commands_;
  StreamWriter out_;
  StreamWriter error_;
  PrintedRecords printed_;
  std::string failed_;
  bool is_finished_ = false;
  Instant now_{};
  Instant retry_at_ = kNever;
};

}  // namespace

std::unique_ptr<Output> make_exec_output(const RunRecords& records, const ExecRun& exec,
                                         const CommandOutput::Settings& settings, bool prints,
                                         int out_fd, int error_fd) {
  return std::make_unique<ExecOutput>(records, exec, settings, prints, out_fd, error_fd);
}

}  // namespace rollcall::coordinator
