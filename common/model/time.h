// Instants and durations. common/os/clock.h reads the clocks.
#pragma once

#include <chrono>
#include <cstdint>

namespace rollcall {

/// A duration in nanoseconds.
using Duration = std::chrono::nanoseconds;

/// The type of a host's monotonic clock. It cannot be read.
struct MonotonicClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};

/// A reading of one host's monotonic clock. Instants of different hosts can be compared only after
/// ClockEstimate (clock_estimate.h) has converted them.
using Instant = MonotonicClock::time_point;

inline constexpr Instant kNever = Instant::max();

constexpr Instant instant_from_ns(std::int64_t ns) {
  return Instant(Duration(ns));
}
constexpr std::int64_t to_ns(Instant t) {
  return t.time_since_epoch().count();
}
constexpr double to_seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace rollcall
