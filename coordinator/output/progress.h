// How far a run is, as one line of text. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/model/time.h"
#include "coordinator/cli/options.h"
#include "coordinator/core/model/run_spec.h"

namespace rollcall::coordinator {

/// How far a run is at one moment.
struct Progress {
  std::uint64_t total = 0;
  std::uint64_t done = 0;     ///< outcomes accepted, of whatever kind
  std::uint64_t running = 0;  ///< attempts that workers hold and have slots for
  std::uint64_t failed = 0;   ///< failed, timed out or lost
  Duration elapsed{};         ///< since the first dispatch
  Duration expected{};        ///< how long the run should take; 0: not known

  double tasks_per_second() const;
  /// Until `expected`, as long as that has not passed; then by the rate so far. Nothing if neither
  /// is known.
  std::optional<Duration> time_left() const;
};

/// For a terminal of so many columns: fits into one line, the last column left free. What matters
/// least is left out first.
std::string bar_line(const Progress& progress, std::size_t columns, bool color);

/// For a log: "12/100 done (12 %), 88 running, 0 failed, 4 s, about 6 s left".
std::string plain_line(const Progress& progress);

/// When the next plain line is due after one at `elapsed`: 1, 2, 5, 10, 30, 60 s, then every 60 s.
Duration next_plain_line(Duration elapsed);

/// What is known before a run about how long it should take. `longest`: of its pauses; `slots`: of
/// all workers; nullopt: no limit.
Duration expected_time(const RunSpec& spec, Duration longest, std::optional<std::uint64_t> slots);

/// Where progress would be shown.
struct ProgressPlace {
  bool on_terminal = false;        ///< standard error is a terminal that can go back in a line
  bool lines_on_terminal = false;  ///< and standard output writes task lines to a terminal
};

/// The style for what was asked: never ProgressStyle::automatic.
ProgressStyle progress_style(ProgressStyle asked, const ProgressPlace& place);

}  // namespace rollcall::coordinator
