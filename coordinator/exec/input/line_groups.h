// Several lines for each command.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace rollcall::coordinator {

/// How much a group may have.
struct GroupLimits {
  std::uint64_t lines = 1;
  std::size_t bytes = 0;        ///< of the arguments of a command, each with a NUL
  std::size_t fixed_bytes = 0;  ///< those of them that no line adds
  std::function<std::size_t(std::string_view line)> bytes_of;  ///< those that a line adds
  bool is_strict = false;  ///< a line that exceeds `bytes` alone is an error, else a group
};

/// Divides lines into groups in their order, each as large as the limits permit. Stores four bytes
/// for each group.
class LineGroups {
 public:
  explicit LineGroups(GroupLimits limits) : limits_(std::move(limits)) {}

  /// Adds the next line. Fails if it is too long alone; then nothing may be added.
  Result<void> add(std::string_view line);
  /// Completes the last group, because no line follows.
  void end() { is_open_ = false; }

  /// Groups that are complete: they have as many lines as they may, or the next line did not fit.
  std::uint64_t size() const { return first_.size() - (is_open_ ? 1 : 0); }
  /// The number of the first line of group `i`, and that of its lines. Requires i < size().
  std::uint64_t first(std::uint64_t i) const { return first_[i]; }
  std::uint64_t count(std::uint64_t i) const {
    return (i + 1 < first_.size() ? first_[i + 1] : lines_) - first_[i];
  }
  /// The most lines of a group, and the most bytes of such lines.
  std::uint64_t most_lines() const { return most_lines_; }
  std::size_t most_bytes() const { return most_bytes_; }

 private:
  GroupLimits limits_;
  std::vector<std::uint32_t> first_;  ///< by group; a line number is below limits::task_count
  bool is_open_ = false;              ///< the last group may get more lines
  std::uint64_t lines_ = 0;
  std::size_t used_ = 0;   ///< bytes of the arguments of the last group
  std::size_t bytes_ = 0;  ///< bytes of its lines
  std::uint64_t most_lines_ = 0;
  std::size_t most_bytes_ = 0;
};

}  // namespace rollcall::coordinator
