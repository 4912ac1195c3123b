#include "coordinator/exec/input/line_groups.h"

#include <fmt/core.h>
#include <algorithm>

namespace rollcall::coordinator {

Result<void> LineGroups::add(std::string_view line) {
  const std::size_t bytes = limits_.bytes_of(line);
  if (is_open_ && used_ + bytes > limits_.bytes) is_open_ = false;
  if (!is_open_) {
    used_ = limits_.fixed_bytes;
    bytes_ = 0;
    if (limits_.is_strict && used_ + bytes > limits_.bytes) {
      return permanent(fmt::format("makes a command of {} bytes: expected at most {} (--max-chars)",
                                   used_ + bytes, limits_.bytes));
    }
    first_.push_back(static_cast<std::uint32_t>(lines_));
    is_open_ = true;
  }
  ++lines_;
  used_ += bytes;
  bytes_ += line.size();
  const std::uint64_t count = lines_ - first_.back();
  most_lines_ = std::max(most_lines_, count);
  most_bytes_ = std::max(most_bytes_, bytes_);
  if (count == limits_.lines) is_open_ = false;
  return {};
}

}  // namespace rollcall::coordinator
