// A vector of plain values that grows without copying.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

#include "common/base/check.h"

namespace rollcall::worker {

/// When std::vector grows, it copies from an old block of memory to a new one, and both exist at
/// the same time; std::realloc moves the pages of a large block and copies nothing. Owns its
/// memory.
template <class T>
class GrowingArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* begin() { return memory_.get(); }
  T* end() { return begin() + size_; }
  const T* begin() const { return memory_.get(); }
  const T* end() const { return begin() + size_; }
  T& front() { return *begin(); }
  const T& front() const { return *begin(); }
  T& back() { return *(end() - 1); }
  const T& back() const { return *(end() - 1); }
  T& operator[](std::size_t i) { return begin()[i]; }
  const T& operator[](std::size_t i) const { return begin()[i]; }

  void push_back(const T& value) {
    const T copy = value;  // it may be an element
    if (size_ == capacity_) reserve(size_ + 1);
    new (begin() + size_++) T(copy);
  }
  void pop_back() { --size_; }
  /// Drops all but the first `size` elements.
  void cut(std::size_t size) { size_ = size; }
  void clear() { size_ = 0; }

  /// Makes room for at least `least` elements.
  void reserve(std::size_t least) {
    if (least <= capacity_) return;
    const std::size_t capacity = least < 2 * capacity_ ? 2 * capacity_ : least;
    void* grown = std::realloc(static_cast<void*>(memory_.get()), capacity * sizeof(T));
    CHECK(grown != nullptr);
    static_cast<void>(memory_.release());
    memory_.reset(static_cast<T*>(grown));
    capacity_ = capacity;
  }

 private:
  struct Free {
    void operator()(T* memory) const { std::free(memory); }
  };
  std::unique_ptr<T, Free> memory_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace rollcall::worker
