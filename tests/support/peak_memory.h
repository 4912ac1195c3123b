// How much memory a process has needed, for tests of bounds.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <fstream>
#include <string>

namespace rollcall::integration {

/// The most memory that the process has had so far, in bytes; 0: it has ended.
inline std::size_t peak_memory(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  std::size_t kib = 0;
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") status >> kib;
  }
  return kib * 1024;
}

}  // namespace rollcall::integration
