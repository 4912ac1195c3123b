#include "coordinator/core/model/clock_estimate.h"

#include <algorithm>

#include "common/limits.h"

namespace rollcall {

Duration drift_over(Duration elapsed) {
  constexpr std::int64_t kMillion = 1'000'000;
  const std::int64_t ns = std::chrono::abs(elapsed).count();
  const std::int64_t rest = ns % kMillion * limits::clock_drift_ppm;
  return Duration(ns / kMillion * limits::clock_drift_ppm + (rest + kMillion - 1) / kMillion);
}

void ClockEstimate::add(const TimeEcho& echo, Instant received) {
  if (echo.coordinator_sent == Instant{}) return;
  const Duration held = echo.worker_sent - echo.worker_received;
  Duration round_trip = (received - echo.coordinator_sent) - held;
  if (held < Duration::zero() || round_trip < -drift_over(held)) return;
  round_trip = std::max(round_trip, Duration::zero());  // a fast clock makes a short one negative
  const Duration error =
      round_trip / 2 + drift_over(received - echo.coordinator_sent) + Duration(1);
  if (known_ && error > bound(received)) return;
  offset_ = ((echo.worker_received - echo.coordinator_sent) + (echo.worker_sent - received)) / 2;
  error_ = error;
  sampled_ = received;
  known_ = true;
}

Duration ClockEstimate::bound(Instant now) const {
  if (!known_) return Duration::max();
  return error_ + drift_over(now - sampled_);
}

}  // namespace rollcall
