#include "common/cli/slots_text.h"

#include <fmt/core.h>
#include <algorithm>
#include <string>

#include "common/limits.h"

namespace rollcall::cli {

Result<std::uint32_t> parse_slots(std::string_view text, std::uint32_t processors) {
  const bool is_share = text.ends_with('%');
  const bool is_more = text.starts_with('+');
  const bool is_fewer = text.starts_with('-');
  std::string_view digits = text;
  if (is_share) digits.remove_suffix(1);
  if (is_more || is_fewer) digits.remove_prefix(1);
  const bool is_sum = is_more || is_fewer;
  const auto number = parse_count(digits, is_sum ? 0 : 1, limits::task_count);
  if (!number || (is_share && is_sum)) {
    return permanent(
        fmt::format("expected a whole number from 1 to {}, a share of the processors such as 200%, "
                    "or +N or -N processors",
                    limits::task_count));
  }
  std::uint64_t slots = *number;
  if (is_share) slots = processors * *number / 100;
  if (is_more) slots = processors + *number;
  if (is_fewer) slots = processors - std::min<std::uint64_t>(processors, *number);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(slots, 1, limits::task_count));
}

Apply slots_into(std::uint32_t& into, std::uint32_t processors) {
  return [&into, processors](const std::string& text) -> Result<void> {
    const Result<std::uint32_t> slots = parse_slots(text, processors);
    if (!slots) return slots.error();
    into = *slots;
    return {};
  };
}

}  // namespace rollcall::cli
