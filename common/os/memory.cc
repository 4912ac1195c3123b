#include "common/os/memory.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace rollcall::os {

void keep_freed_memory() {
  // More than the batches in flight need, and little compared to the memory of a machine.
  constexpr int kKept = 64 << 20;
  // The columns of a batch are smaller, those of a run larger.
  constexpr int kLarge = 512 << 10;
  ::mallopt(M_TRIM_THRESHOLD, kKept);
  ::mallopt(M_MMAP_THRESHOLD, kLarge);
}

void fault_in(const void* memory, std::size_t bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t into_page = reinterpret_cast<std::uintptr_t>(memory) % page;
  const std::size_t skipped = (page - into_page) % page;
  if (bytes < skipped + page) return;
  // Pages that exist are unchanged.
  char* const begin = const_cast<char*>(static_cast<const char*>(memory)) + skipped;
  ::madvise(begin, (bytes - skipped) / page * page, MADV_POPULATE_WRITE);
}

}  // namespace rollcall::os
