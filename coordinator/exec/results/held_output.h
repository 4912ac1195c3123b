// Output of tasks, held until its turn to be printed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/base/result.h"

namespace rollcall::coordinator {

/// The two streams of one task, as they are to be printed.
struct TaskOutput {
  std::string out;
  std::string err;

  std::size_t size() const { return out.size() + err.size(); }
};

/// Holds up to a number of bytes in memory, and more in a temporary file without a name, which
/// vanishes with this object.
class HeldOutput {
 public:
  /// The file is created in `directory` when it is needed.
  HeldOutput(std::size_t memory_bytes, std::string directory)
      : memory_bytes_(memory_bytes), directory_(std::move(directory)) {}
  ~HeldOutput();
  HeldOutput(const HeldOutput&) = delete;
  HeldOutput& operator=(const HeldOutput&) = delete;

  /// Each task once. Error: the file cannot be written.
  Result<void> hold(std::uint64_t task, TaskOutput output);
  /// Returns nullopt if nothing is held of this task. Error: the file cannot be read.
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
  int file_ = -1;
  std::int64_t file_size_ = 0;
};

}  // namespace rollcall::coordinator
