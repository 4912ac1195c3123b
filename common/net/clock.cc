#include "common/net/clock.h"

#include <ctime>

#include "common/check.h"

namespace rollcall::net {

Instant now() {
  std::timespec t{};
  CHECK(::clock_gettime(CLOCK_MONOTONIC, &t) == 0);
  return Instant(std::chrono::seconds(t.tv_sec) + Duration(t.tv_nsec));
}

}  // namespace rollcall::net
