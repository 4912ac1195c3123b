// The stream that all formats of standard output share.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <utility>

#include "coordinator/output/output.h"
#include "coordinator/output/stream/output_thread.h"
#include "coordinator/output/stream/printed_records.h"

namespace rollcall::coordinator {

/// An Output that appends to text(), which a thread writes. Counts the records printed.
class StreamOutput : public Output {
 public:
  void outcomes_accepted(Instant now, std::size_t first, std::size_t count) final {
    const std::size_t before = text_.size();
    append_outcomes(now, first, count);
    if (text_.size() == before) return;  // a format without text for records
    if (new_count_ == 0) new_first_ = first;
    new_count_ += count;
  }
  void advance(Instant now) final {
    now_ = now;
    if (now < held_until()) return;
    release();
    flush();
  }
  Instant next_deadline() const final { return held_until(); }
  void flush() final {
    if (text_.empty()) return;
    const std::size_t size = text_.size();
    // From now on it is bounded, even if the thread is slow.
    if (new_count_ > 0 && printed_ == PrintedRecords::kUnbounded) printed_ = new_first_;
    thread_.post(size, [this, text = std::exchange(text_, {}), first = new_first_,
                        count = std::exchange(new_count_, 0)]() mutable {
      writer_.append(std::move(text));
      if (count == 0) return;
      printed_records_.handed_over(first, count);
      printed_records_.mark({writer_.appended(), 0});
    });
  }
  std::size_t printed() const final { return printed_; }
  OutputThread& thread() final { return thread_; }

 protected:
  explicit StreamOutput(int fd) : writer_(thread_.add_stream(fd, "standard output")) {
    thread_.after_each_round([this] {
      if (writer_.failed().empty()) printed_records_.written({writer_.written(), 0});
      if (printed_records_.count() != PrintedRecords::kUnbounded) {
        printed_ = printed_records_.count();
      }
      return false;
    });
  }

  std::string& text() { return text_; }
  /// When advance() was called last.
  Instant last_advance() const { return now_; }

 private:
  /// Records [first, first + count) were accepted.
  virtual void append_outcomes(Instant now, std::size_t first, std::size_t count) = 0;
  /// When release() is due; kNever: nothing is delayed.
  virtual Instant held_until() const { return kNever; }
  virtual void release() {}

  Instant now_{};              ///< of the last advance()
  std::string text_;           ///< since the last flush()
  std::size_t new_first_ = 0;  ///< records accepted since then, which have text
  std::size_t new_count_ = 0;
  std::atomic<std::size_t> printed_ = PrintedRecords::kUnbounded;
  PrintedRecords printed_records_;  ///< the thread's
  OutputThread thread_;             ///< ends before the members that its steps use
  StreamWriter& writer_;            ///< the thread's
};

}  // namespace rollcall::coordinator
