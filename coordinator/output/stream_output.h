// The stream that all formats of standard output share.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>

#include "coordinator/output/output.h"
#include "coordinator/output/stream/printed_records.h"
#include "coordinator/output/stream/stream_writer.h"

namespace rollcall::coordinator {

/// An Output that appends to text(). This class writes the text and counts the records printed.
class StreamOutput : public Output {
 public:
  void outcomes_accepted(Instant now, std::size_t first, std::size_t count) final {
    append_outcomes(now, first, count);
    printed_.handed_over(first, count);
    printed_.mark({writer_.appended(), 0});
  }
  void advance(Instant now) final {
    now_ = now;
    const bool due = now >= held_until();
    if (due) release();
    if (due || now >= retry_at_) flush();
  }
  Instant next_deadline() const final { return std::min(held_until(), retry_at_); }
  void flush() final {
    if (write_all_) {
      writer_.write_all();
    } else if (writer_.pending()) {
      writer_.write_some();
    }
    retry_at_ = writer_.pending() ? now_ + kRetry : kNever;
    if (writer_.failed().empty()) printed_.written({writer_.written(), 0});
  }
  std::size_t printed() const final { return printed_.count(); }
  const std::string& failed() const final { return writer_.failed(); }

 protected:
  explicit StreamOutput(int fd) : writer_(fd, "standard output") {}

  std::string& text() { return writer_.buffer(); }
  void write_all_from_now_on() { write_all_ = true; }

 private:
  /// When to write again to a slow reader.
  static constexpr Duration kRetry = std::chrono::milliseconds(20);

  /// Records [first, first + count) were accepted.
  virtual void append_outcomes(Instant now, std::size_t first, std::size_t count) = 0;
  /// When release() is due; kNever: nothing is delayed.
  virtual Instant held_until() const { return kNever; }
  virtual void release() {}

  StreamWriter writer_;
  PrintedRecords printed_;
  bool write_all_ = false;
  Instant now_{};  ///< of the last advance()
  Instant retry_at_ = kNever;
};

}  // namespace rollcall::coordinator
