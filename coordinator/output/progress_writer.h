// Shows the progress of a run on standard error.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "coordinator/core/model/records.h"
#include "coordinator/output/progress.h"

namespace rollcall::coordinator {

/// Returns where progress is shown, by the descriptors and the variable TERM. `task_lines`:
/// standard output has lines for each task. `brief`: only a terminal gets progress.
ProgressPlace progress_place(int out_fd, int error_fd, bool task_lines, bool brief);
/// Whether `error_fd` is a terminal and NO_COLOR is not set (https://no-color.org).
bool color_wanted(int error_fd);

/// Writes progress to `fd` (the caller's) once a run has lasted half a second: a bar at most ten
/// times a second, or plain lines at growing intervals. Other writers to the same terminal call
/// hide() first. Text that cannot be written at once is dropped. Runs on the thread of the event
/// loop.
class ProgressWriter {
 public:
  /// `style` is never automatic. `records` must outlive it.
  ProgressWriter(const RunRecords& records, ProgressStyle style, int fd, bool color);

  /// How long the run should take (expected_time()); may change.
  void set_expected(Duration expected) { expected_ = expected; }
  /// `running` returns the number of running attempts; called when progress is shown.
  void count_running(std::function<std::uint64_t()> running) { running_ = std::move(running); }
  /// `is_paused` returns whether the run is paused; called when progress is shown.
  void watch_pause(std::function<bool()> is_paused) { is_paused_ = std::move(is_paused); }
  /// Shows progress if it is time.
  void advance(Instant now);
  /// Returns when advance() is due; kNever if it is not needed.
  Instant next_deadline() const;
  /// Removes the bar from the terminal until the next advance() that shows it.
  void hide();
  /// Removes the bar; nothing more is shown.
  void finish();

 private:
  Progress progress_at(Instant now);
  void show(const std::string& text);

  const RunRecords& records_;
  ProgressStyle style_;
  int fd_;
  bool color_;
  bool shown_ = false;  ///< there is a bar on the terminal
  Duration expected_{};
  std::function<std::uint64_t()> running_ = [] { return std::uint64_t{0}; };
  std::function<bool()> is_paused_ = [] { return false; };
  std::size_t counted_ = 0;  ///< records that failed_ covers
  std::uint64_t failed_ = 0;
  std::optional<Duration> last_;  ///< after the first dispatch
};

}  // namespace rollcall::coordinator
