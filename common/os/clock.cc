#include "common/os/clock.h"

#include <ctime>

#include "common/base/check.h"

namespace rollcall::os {

namespace {

Duration read(clockid_t clock) {
  std::timespec t{};
  CHECK(::clock_gettime(clock, &t) == 0);
  return std::chrono::seconds(t.tv_sec) + Duration(t.tv_nsec);
}

}  // namespace

Instant now() {
  return Instant(read(CLOCK_MONOTONIC));
}

Duration time_since_boot() {
  return read(CLOCK_BOOTTIME);
}

Duration unix_time() {
  return read(CLOCK_REALTIME);
}

}  // namespace rollcall::os
