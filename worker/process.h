// What a worker knows and arranges about its own process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "worker/core/event.h"

namespace rollcall::worker {

/// A local worker dies with its coordinator, however that ends. False: process `parent` is not the
/// parent (any more). To be called before there is any other thread.
[[nodiscard]] bool die_with_parent(std::uint32_t parent);

/// Who this process is. `name`: empty for HOST-PID.
Identity identify(const std::string& name, std::uint32_t slots, std::uint32_t ticket);

/// What this process has used so far.
struct Usage {
  double cpu_seconds = 0;  ///< user and system
  std::uint64_t peak_rss_bytes = 0;
};
Usage usage();

}  // namespace rollcall::worker
