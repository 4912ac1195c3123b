#include "common/clock_estimate.h"

#include "common/limits.h"

namespace rollcall {

Duration drift_over(Duration elapsed) {
  return Duration(std::chrono::abs(elapsed).count() / 1'000'000 * limits::clock_drift_ppm);
}

void ClockEstimate::add(const TimeEcho& echo, Instant received) {
  if (echo.coordinator_sent == Instant{}) return;
  const Duration held = echo.worker_sent - echo.worker_received;
  const Duration round_trip = (received - echo.coordinator_sent) - held;
  if (held < Duration::zero() || round_trip < Duration::zero()) return;
  const Duration error = round_trip / 2 + drift_over(held) + Duration(1);
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
