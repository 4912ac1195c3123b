// The offset of one worker's clock from the coordinator's.
#pragma once

#include "common/messages/message.h"
#include "common/model/time.h"

namespace rollcall {

/// The offset of a worker's clock, with a bound on its error, from round trips (RFC 5905 section 8:
/// the sample with the smallest bound wins). A value; pure.
class ClockEstimate {
 public:
  /// Adds one exchange. `received` is the coordinator's clock when the echo arrived. Impossible
  /// samples (a negative round trip) are ignored.
  void add(const TimeEcho& echo, Instant received);

  bool known() const { return known_; }
  /// Maps the worker's clock to the coordinator's. Before the first sample: unchanged.
  Instant to_coordinator(Instant worker) const { return worker - offset_; }
  /// The bound of the error of to_coordinator() at `now` (coordinator's clock), including the drift
  /// since the sample. Duration::max() before the first sample.
  Duration bound(Instant now) const;

 private:
  bool known_ = false;
  Duration offset_{};  ///< worker - coordinator
  Duration error_{};   ///< at sampled_
  Instant sampled_{};  ///< coordinator's clock
};

/// By how much two clocks may have drifted apart over `elapsed`: clock_drift_ppm of it, rounded up.
Duration drift_over(Duration elapsed);

}  // namespace rollcall
