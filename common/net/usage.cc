#include "common/net/usage.h"

#include <sys/resource.h>

#include "common/check.h"

namespace rollcall::net {

Usage usage() {
  rusage used{};
  CHECK(::getrusage(RUSAGE_SELF, &used) == 0);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return {seconds(used.ru_utime) + seconds(used.ru_stime),
          static_cast<std::uint64_t>(used.ru_maxrss) * 1024};
}

}  // namespace rollcall::net
