// Shows on standard error how far a run is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "coordinator/core/model/records.h"
#include "coordinator/output/progress.h"

namespace rollcall::coordinator {

/// What the environment and the descriptors say about where progress would be shown. Color is for
/// terminals, unless NO_COLOR is set (https://no-color.org).
ProgressPlace progress_place(int out_fd, int error_fd, bool task_lines);
bool color_wanted(int error_fd);

/// Writes progress to `fd` (the caller's) once a run has lasted half a second: a bar at most ten
/// times a second, or plain lines at growing intervals. Whoever else writes to the same terminal
/// calls hide() before. What cannot be written at once is left out. Shell, event loop's thread.
class ProgressWriter {
 public:
  /// `style` is never automatic. `records` must outlive it.
  ProgressWriter(const RunRecords& records, ProgressStyle style, int fd, bool color);

  /// How long the run should take (expected_time()); may change.
  void set_expected(Duration expected) { expected_ = expected; }
  /// Who knows how many attempts run now; asked when it is time to show it.
  void count_running(std::function<std::uint64_t()> running) { running_ = std::move(running); }
  /// Shows progress if it is time.
  void advance(Instant now);
  /// When advance() wants to be called; kNever: no need.
  Instant next_deadline() const;
  /// Takes the bar off the terminal, until the next advance() that shows it.
  void hide();
  /// Nothing more is shown.
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
  std::size_t counted_ = 0;  ///< records that failed_ knows
  std::uint64_t failed_ = 0;
  std::optional<Duration> last_;  ///< after the first dispatch
};

}  // namespace rollcall::coordinator
