#include "coordinator/core/attendance.h"

#include "common/base/check.h"

namespace rollcall::coordinator {

void Attendance::compensate_stall(Duration late) {
  joining_since_ += late;
  if (empty_since_) *empty_since_ += late;
}

Attendance::Verdict Attendance::may_start(Instant now, std::size_t joined,
                                          bool fleet_has_ended) const {
  if (joined >= wanted_) return {Kind::go_on, {}};
  const bool time_is_up = now >= start_deadline();
  if (joined > 0) {
    if (!time_is_up) return {};
    const std::string count = std::to_string(joined) + " of " + std::to_string(wanted_);
    if (requires_wanted_) {
      return {Kind::fail, "only " + count + " workers connected within --join-timeout"};
    }
    return {Kind::go_on,
            "starting with " + count + " workers: no more connected within --join-timeout"};
  }
  if (time_is_up) return {Kind::fail, "no worker connected within --join-timeout"};
  if (fleet_has_ended && !others_may_join_) {
    return {Kind::fail, "no local worker could be kept running"};
  }
  return {};
}

Attendance::Verdict Attendance::may_go_on(Instant now, std::size_t live, bool fleet_has_ended) {
  if (live > 0) {
    empty_since_.reset();
    return {Kind::go_on, {}};
  }
  if (!empty_since_) empty_since_ = now;
  if (fleet_has_ended && !others_may_join_) return {Kind::fail, "no worker is left"};
  if (now >= *empty_since_ + join_timeout_) {
    return {Kind::fail, "no worker connected within --join-timeout"};
  }
  return {};
}

void Attendance::check_invariants() const {
  CHECK(wanted_ > 0 && join_timeout_ >= Duration::zero());
  CHECK(!empty_since_ || *empty_since_ >= joining_since_);
}

}  // namespace rollcall::coordinator
