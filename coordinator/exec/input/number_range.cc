#include "coordinator/exec/input/number_range.h"

#include <fmt/core.h>

#include <charconv>
#include <optional>
#include <system_error>

#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

/// Parses a number at the beginning of `text` and removes it.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const bool is_digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!is_digit || error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return static_cast<std::uint64_t>(value);
}

/// Removes `c` from the beginning of `text`. Returns false if `text` begins otherwise.
bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

Result<NumberRange> parse_range(std::string_view text) {
  const Error expected = permanent("expected A-B or A-B:STEP with whole numbers, A not above B");
  const std::optional<std::uint64_t> first = take_number(text);
  if (!first || !take(text, '-')) return expected;
  const std::optional<std::uint64_t> last = take_number(text);
  std::optional<std::uint64_t> step = 1;
  if (take(text, ':')) step = take_number(text);
  if (!last || !step || *step == 0 || !text.empty() || *first > *last) return expected;
  const std::uint64_t steps = (*last - *first) / *step;
  if (steps >= limits::task_count) {
    return permanent(fmt::format("more than {} tasks", limits::task_count));
  }
  return NumberRange{*first, *step, steps + 1};
}

}  // namespace rollcall::coordinator
