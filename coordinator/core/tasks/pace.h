// The least time between the starts of two attempts.
#pragma once

#include "common/model/time.h"

namespace rollcall::coordinator {

/// When the next attempt may be handed out, if they are to be spread over time (--delay, --rate).
/// Time without attempts is not made up for: no burst follows a pause. Pure; a value; `now` never
/// goes back.
class Pace {
 public:
  /// `interval`: between two attempts; zero: no limit.
  explicit Pace(Duration interval) : interval_(interval) {}

  bool has_limit() const { return interval_ > Duration::zero(); }
  /// Requires has_limit().
  bool may_start(Instant now) const { return now >= next_; }
  /// When may_start() will be true.
  Instant next() const { return next_; }
  /// An attempt was handed out.
  void started(Instant now) { next_ = now + interval_; }

 private:
  Duration interval_;
  Instant next_{};
};

}  // namespace rollcall::coordinator
