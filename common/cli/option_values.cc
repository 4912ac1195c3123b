#include "common/cli/option_values.h"

#include <fmt/core.h>
#include <algorithm>
#include <cstddef>

namespace rollcall::cli {

Result<std::uint64_t> parse_count(std::string_view text, std::uint64_t min, std::uint64_t max) {
  const auto wrong = [&] {
    return permanent(fmt::format("expected a whole number from {} to {}", min, max));
  };
  if (text.empty()) return wrong();
  std::uint64_t count = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return wrong();
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (digit > max || count > (max - digit) / 10) return wrong();
    count = count * 10 + digit;
  }
  if (count < min) return wrong();
  return count;
}

Result<Duration> parse_duration_within(std::string_view text, Duration min, Duration max) {
  Result<Duration> duration = parse_duration(text);
  if (!duration) return duration;
  if (*duration < min) return permanent("expected a time of at least " + format_exact(min));
  if (*duration > max) return permanent("expected a time of at most " + format_exact(max));
  return duration;
}

Error expected_one_of(const std::vector<std::string>& names) {
  std::string message = "expected ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) message += i + 1 == names.size() ? " or " : ", ";
    message += names[i];
  }
  return permanent(message);
}

Apply text_into(std::string& into, const std::string& expected) {
  return [&into, expected](const std::string& text) -> Result<void> {
    if (text.empty()) return permanent("expected " + expected);
    into = text;
    return {};
  };
}

Apply parsed_into(std::string& into, Result<std::string> (*parse)(std::string_view)) {
  return [&into, parse](const std::string& text) -> Result<void> {
    Result<std::string> parsed = parse(text);
    if (!parsed) return parsed.error();
    into = *parsed;
    return {};
  };
}

Apply flag_into(bool& into) {
  return [&into](const std::string&) -> Result<void> {
    into = true;
    return {};
  };
}

const std::vector<std::string>& log_levels() {
  static const std::vector<std::string> levels{"trace", "debug", "info", "warn", "error", "off"};
  return levels;
}

Apply log_level_into(std::string& into) {
  return [&into](const std::string& text) -> Result<void> {
    const auto& levels = log_levels();
    if (std::find(levels.begin(), levels.end(), text) == levels.end()) {
      return expected_one_of(levels);
    }
    into = text;
    return {};
  };
}

}  // namespace rollcall::cli
