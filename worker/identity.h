// What a worker knows and arranges about its own process.
#pragma once

#include <cstdint>

#include "common/os/process_limits.h"
#include "worker/core/event.h"
#include "worker/options.h"

namespace rollcall::worker {

/// A local worker dies with its coordinator, however that ends. False: process `parent` is not the
/// parent (any more). To be called before there is any other thread.
[[nodiscard]] bool die_with_parent(std::uint32_t parent);

/// Who this process is, but for the launch id, which the access document has. `descriptors`: those
/// that it and its commands may open.
Identity identify(const WorkerOptions& options, const os::DescriptorLimit& descriptors);

}  // namespace rollcall::worker
