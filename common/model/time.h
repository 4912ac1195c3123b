// Points and lengths of time as values. Nothing here reads a clock: common/os/clock.h does.
#pragma once

#include <chrono>
#include <cstdint>

namespace rollcall {

/// A length of time, in nanoseconds.
using Duration = std::chrono::nanoseconds;

/// Names the monotonic clock of one host without being able to read it.
struct MonotonicClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};

/// A point in time on one host's monotonic clock. Instants of different hosts are not comparable
/// before ClockEstimate (clock_estimate.h) has mapped one to the other.
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
