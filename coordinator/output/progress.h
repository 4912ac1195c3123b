// The progress of a run as one line of text. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/model/time.h"
#include "coordinator/cli/run_options.h"
#include "coordinator/core/model/run_spec.h"

namespace rollcall::coordinator {

/// The progress of a run at one moment.
struct Progress {
  std::uint64_t total = 0;    ///< tasks
  std::uint64_t done = 0;     ///< accepted outcomes of any kind
  std::uint64_t running = 0;  ///< attempts that workers hold and have slots for
  std::uint64_t failed = 0;   ///< failed, timed out or lost
  Duration elapsed{};         ///< since the first dispatch
  Duration expected{};        ///< how long the run should take; 0: unknown
  bool may_grow = false;      ///< tasks may be added
  bool is_paused = false;     ///< no task is started

  double tasks_per_second() const;
  /// The time until `expected`; if that is unknown or over, an estimate from the rate so far.
  /// nullopt without either, while tasks may be added, and while the run is paused.
  std::optional<Duration> time_left() const;
};

/// For a terminal of this width: fits into one line without the last column. Leaves out the least
/// important parts if necessary.
std::string bar_line(const Progress& progress, std::size_t columns, bool color);

/// For a log: "12/100 done (12 %), 88 running, 0 failed, 20/s, 4 s, about 6 s left", or, if tasks
/// may be added, "12/40 so far, 8 running, 0 failed, 20/s, 4 s".
std::string plain_line(const Progress& progress);

/// When the next plain line is due after one at `elapsed`: 1, 2, 5, 10, 30, 60 s, then every 60 s.
Duration next_plain_line(Duration elapsed);

/// How long a run should take, as far as that is known before it. `longest`: the longest pause;
/// `slots`: of all workers, nullopt without a limit.
Duration expected_time(const RunSpec& spec, Duration longest, std::optional<std::uint64_t> slots);

/// Where progress is shown.
struct ProgressPlace {
  bool on_terminal = false;        ///< standard error is a terminal that can overwrite a line
  bool lines_on_terminal = false;  ///< and standard output writes task lines to a terminal
  bool silent = false;             ///< standard error is not a terminal, and gets no progress
};

/// The style to use if `asked` is given: never ProgressStyle::automatic.
ProgressStyle progress_style(ProgressStyle asked, const ProgressPlace& place);

}  // namespace rollcall::coordinator
