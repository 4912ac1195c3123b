// Memory of a guardian, which must not call malloc.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

namespace rollcall::worker {

/// An array of zeroed values that take memory only once they are used, and stay until the process
/// ends. It starts small, as address space may be limited (ulimit -v), and grows on demand. Ends
/// the process if it cannot be made.
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

  /// Grows to at least `count` values, which may move. Returns false if memory is exhausted.
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
