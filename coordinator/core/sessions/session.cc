#include "coordinator/core/sessions/session.h"

#include <algorithm>

#include "common/limits.h"

namespace rollcall::coordinator {

std::uint64_t Session::measured_prefetch() const {
  if (run_count == 0) return 0;
  const auto mean = static_cast<std::uint64_t>(run_time.count()) / run_count;
  if (mean == 0) return limits::prefetch;
  const auto ahead = static_cast<std::uint64_t>(limits::prefetch_time.count()) * slots / mean;
  return std::min<std::uint64_t>(std::max(ahead, most_ended), limits::prefetch);
}

void Session::expect(const std::vector<Duration>& pauses) {
  if (run_count > 0) return;
  const auto [shortest, longest] = std::minmax_element(pauses.begin(), pauses.end());
  count_run_time(*longest);
  if (*longest - *shortest < limits::prefetch_time) most_ended = pauses.size();
}

void Session::count_ended(Instant now, std::uint64_t count) {
  if (now - ended_since >= limits::prefetch_time) {
    ended_since = now;
    ended = 0;
  }
  ended += count;
  most_ended = std::max(most_ended, ended);
}

void Session::count_run_time(Duration elapsed) {
  run_time += elapsed;
  ++run_count;
  while (run_count > 10'000 || run_time > std::chrono::hours(1'000'000)) {
    run_time /= 2;
    run_count /= 2;
  }
}

}  // namespace rollcall::coordinator
