// Memory of a guardian: it allocates nothing by malloc.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

namespace rollcall::worker {

/// Zeroed values that cost memory only where they are used. Stays until the process ends. It grows
/// when it has to, as address space may be limited too (ulimit -v). Ends the process if there is no
/// arena for the first ones.
template <class T>
class GuardianArena {
 public:
  explicit GuardianArena(std::size_t count) : count_(count) {
    void* const arena = ::mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena == MAP_FAILED) ::_exit(1);
    data_ = static_cast<T*>(arena);
  }

  T* data() const { return data_; }

  /// Makes arena for so many; values keep their contents and not their place. False: there is none.
  bool fit(std::size_t count) {
    if (count <= count_) return true;
    void* const arena = ::mremap(data_, count_ * sizeof(T), count * sizeof(T), MREMAP_MAYMOVE);
    if (arena == MAP_FAILED) return false;
    data_ = static_cast<T*>(arena);
    count_ = count;
    return true;
  }

 private:
  T* data_;
  std::size_t count_;
};

}  // namespace rollcall::worker
