// Output of tasks that waits for its turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/base/result.h"
#include "common/os/descriptor.h"

namespace rollcall::coordinator {

/// The two streams of one task, as they are to be printed.
struct TaskOutput {
  std::string out;
  std::string err;

  std::size_t size() const { return out.size() + err.size(); }
};

/// Keeps up to a number of bytes in memory, and what is more in a temporary file that has no name
/// and goes with this.
class HeldOutput {
 public:
  /// The file is made in `directory`, if it is needed.
  HeldOutput(std::size_t memory_bytes, std::string directory)
      : memory_bytes_(memory_bytes), directory_(std::move(directory)) {}

  /// Each task once. Error: the file cannot be written.
  Result<void> hold(std::uint64_t task, TaskOutput output);
  /// nullopt: nothing is held of it. Error: the file cannot be read.
  Result<std::optional<TaskOutput>> take(std::uint64_t task);

 private:
  struct InFile {
    std::int64_t at = 0;
    std::size_t out = 0;
    std::size_t err = 0;
  };

  Result<void> write(const std::string& text);
  Result<void> open_file();

  std::size_t memory_bytes_;
  std::string directory_;
  std::map<std::uint64_t, TaskOutput> in_memory_;
  std::size_t held_bytes_ = 0;  ///< of in_memory_
  std::map<std::uint64_t, InFile> in_file_;
  os::Descriptor file_;
  std::int64_t file_size_ = 0;
};

}  // namespace rollcall::coordinator
