// How many attempts a session should hold ahead of its slots, as measured.
#pragma once

#include <cstdint>
#include <span>

#include "common/model/time.h"

namespace rollcall::coordinator {

/// Estimates the work of about limits::prefetch_time. Tasks that began together end together: then
/// it is the most that have ended within that time. A value; pure.
class PrefetchEstimate {
 public:
  /// Attempts to send ahead of this many slots.
  std::uint64_t attempts(std::uint32_t slots) const;

  /// Known costs (> 0 of them) are used until there are measurements.
  void expect(std::span<const Duration> costs);
  /// This many attempts were accepted, and took this long.
  void count_ended(Instant now, std::uint64_t count);
  void count_run_times(std::span<const Duration> elapsed);

  /// The sums are bounded, so that they cannot overflow.
  void check_invariants() const;

 private:
  void count_run_time(Duration elapsed);

  Duration run_time_{};  ///< of its accepted attempts, the newest counting most
  std::uint64_t run_count_ = 0;
  Instant ended_since_;           ///< `ended_` counts from here, for limits::prefetch_time
  std::uint64_t ended_ = 0;       ///< accepted attempts
  std::uint64_t most_ended_ = 0;  ///< the most that `ended_` ever was
};

}  // namespace rollcall::coordinator
