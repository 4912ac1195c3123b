// The lists of children that /proc has.
#pragma once

#include <unistd.h>

#include <array>
#include <cstddef>

namespace rollcall::worker {

/// Calls `each(pid)` for every process in this open file: /proc/PID/task/TID/children. Calls no
/// malloc.
template <class Each>
void read_children(int list, const Each& each) {
  std::array<char, 4096> text;
  pid_t pid = 0;
  for (ssize_t size = 0; (size = ::read(list, text.data(), text.size())) > 0;) {
    for (ssize_t i = 0; i < size; ++i) {
      const char c = text[static_cast<std::size_t>(i)];
      if (c >= '0' && c <= '9') {
        pid = pid * 10 + (c - '0');
      } else if (pid != 0) {
        each(pid);
        pid = 0;
      }
    }
  }
}

}  // namespace rollcall::worker
