// Times for tests that do not depend on which they are.
#pragma once

#include "common/model/time.h"

namespace rollcall {

inline constexpr Instant kNow = instant_from_ns(1'000'000'000'000);

/// The time at which the clock shows `d`.
constexpr Instant at(Duration d) {
  return Instant(d);
}

}  // namespace rollcall
