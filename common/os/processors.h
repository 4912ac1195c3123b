// How many processors this process may use.
#pragma once

#include <sched.h>

#include <cstdint>

namespace rollcall::os {

/// Those of its affinity mask; 1 if the mask cannot be read.
inline std::uint32_t processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::uint32_t>(CPU_COUNT(&set));
}

}  // namespace rollcall::os
