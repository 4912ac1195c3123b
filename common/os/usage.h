// Resources that this process has used so far.
#pragma once

#include <cstdint>

namespace rollcall::os {

struct Usage {
  double cpu_seconds = 0;            ///< user and system, all threads
  std::uint64_t peak_rss_bytes = 0;  ///< largest resident set size
};

Usage usage();

}  // namespace rollcall::os
