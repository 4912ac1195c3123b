// Holds the output of tasks until it can be printed in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/base/result.h"
#include "common/os/descriptor.h"

namespace rollcall::coordinator {

/// The formatted output of one task.
struct TaskOutput {
  std::string out;
  std::string err;

  std::size_t size() const { return out.size() + err.size(); }
};

/// Holds up to `memory_bytes` in memory and the rest in an unlinked temporary file, which it owns.
/// One thread; access to the file may block. Errors are permanent.
class HeldOutput {
 public:
  /// The file is created in `directory` when it is first needed.
  HeldOutput(std::size_t memory_bytes, std::string directory)
      : memory_bytes_(memory_bytes), directory_(std::move(directory)) {}

  /// Must be called at most once for a task. Fails if the file cannot be written; then `output` is
  /// left as it is.
  Result<void> hold(std::uint64_t task, TaskOutput&& output);
  /// Removes and returns the output of a task, nullopt if none is held. Fails if the file cannot be
  /// read.
  Result<std::optional<TaskOutput>> take(std::uint64_t task);

 private:
  struct InFile {
    std::int64_t at = 0;
    std::size_t out = 0;
    std::size_t err = 0;
  };

  Result<void> write(const std::string& text);

  std::size_t memory_bytes_;
  std::string directory_;
  std::map<std::uint64_t, TaskOutput> in_memory_;
  std::size_t held_bytes_ = 0;  ///< in in_memory_
  std::map<std::uint64_t, InFile> in_file_;
  os::Descriptor file_;
  std::int64_t file_size_ = 0;
};

}  // namespace rollcall::coordinator
