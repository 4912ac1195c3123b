// The value of --range.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rollcall::coordinator {

/// A-B or A-B:STEP, including both ends.
struct NumberRange {
  std::uint64_t first = 0;
  std::uint64_t step = 1;
  std::uint64_t count = 0;  ///< 1 to limits::task_count

  std::string operator[](std::uint64_t i) const { return std::to_string(first + i * step); }
};

/// Numbers are integers from 0 to 2^63 - 1. The error states the expected form.
Result<NumberRange> parse_range(std::string_view text);

}  // namespace rollcall::coordinator
