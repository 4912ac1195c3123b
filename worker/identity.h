// What a worker knows and arranges about its own process.
#pragma once

#include <cstdint>
#include <string>

#include "worker/core/event.h"
#include "worker/options.h"

namespace rollcall::worker {

/// A local worker dies with its coordinator, however that ends. False: process `parent` is not the
/// parent (any more). To be called before there is any other thread.
[[nodiscard]] bool die_with_parent(std::uint32_t parent);

/// Who this process is.
Identity identify(const WorkerOptions& options, std::uint32_t launch_id,
                  std::uint32_t command_slots);

}  // namespace rollcall::worker
