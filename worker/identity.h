// The identity of a worker process, and its tie to the process that started it.
#pragma once

#include <cstdint>

#include "common/os/process_limits.h"
#include "worker/core/event.h"
#include "worker/options.h"

namespace rollcall::worker {

/// Makes the kernel kill this process when its parent ends, however that happens. Returns false if
/// process `parent` is not, or no longer, the parent. Call it before starting threads.
[[nodiscard]] bool die_with_parent(std::uint32_t parent);

/// Takes die_with_parent() back.
void outlive_parent();

/// The identity of this process, except for the launch id, which is in the access document.
/// `descriptors`: the limits of open files for this process and for its commands.
Identity identify(const WorkerOptions& options, const os::DescriptorLimit& descriptors);

}  // namespace rollcall::worker
