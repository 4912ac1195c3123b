// Memory settings of the process.
#pragma once

#include <cstddef>

namespace rollcall::os {

/// Makes the allocator reuse freed memory instead of returning it to the kernel, which would cause
/// page faults in each batch. Large blocks are still returned. Call it first in main().
void keep_freed_memory();

/// Faults in the pages of this memory, so that writing to it later causes no page faults. It need
/// not be aligned. No effect before Linux 5.14.
void fault_in(const void* memory, std::size_t bytes);

}  // namespace rollcall::os
