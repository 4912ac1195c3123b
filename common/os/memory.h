// How a process uses the memory that it is given.
#pragma once

#include <cstddef>

namespace rollcall::os {

/// From now on freed memory is kept for the next use instead of being returned to the kernel and
/// faulted in again with each batch. Memory in large pieces is returned as before. To be called
/// first in main.
void keep_freed_memory();

/// Makes the pages of this memory there now, so that filling it later costs no page faults. It need
/// not be aligned; kernels before Linux 5.14 do nothing.
void fault_in(const void* memory, std::size_t bytes);

}  // namespace rollcall::os
