// What this process has used so far.
#pragma once

#include <cstdint>

namespace rollcall::os {

struct Usage {
  double cpu_seconds = 0;            ///< user and system, all threads
  std::uint64_t peak_rss_bytes = 0;  ///< the most memory that was resident at one time
};

Usage usage();

}  // namespace rollcall::os
