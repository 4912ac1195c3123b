#include "common/cli/duration_text.h"

#include <fmt/core.h>
#include <array>
#include <cstdint>
#include <optional>

#include "common/base/check.h"
#include "common/limits.h"
#include "common/model/decimal.h"

namespace rollcall {
namespace {

__extension__ using Wide = unsigned __int128;

struct Unit {
  std::string_view name;
  std::uint64_t ns;
};

constexpr std::array<Unit, 6> kUnits{{{"h", 3'600'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"s", 1'000'000'000},
                                      {"ms", 1'000'000},
                                      {"us", 1'000},
                                      {"ns", 1}}};

// 10^24 times the nanoseconds of an hour fits in 128 bits, so the product below is exact.
constexpr std::size_t kMostDecimals = 24;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Removes the leading digits from `text` and returns them.
std::string_view take_digits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  const std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

std::optional<std::uint64_t> unit_ns(std::string_view name) {
  if (name.empty()) return 1'000'000'000;
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return unit.ns;
  }
  return std::nullopt;
}

Error not_a_time() {
  return permanent(
      "expected a time of 0 or more, such as 500ms, 1.5s or 2m (a bare number: seconds)");
}

Error too_long() {
  return permanent("expected a time of at most " + format_exact(limits::longest_duration));
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const std::string_view whole = take_digits(text);
  std::string_view decimals;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    decimals = take_digits(text);
    if (decimals.empty()) return not_a_time();
  }
  if (whole.empty() && decimals.empty()) return not_a_time();
  const std::optional<std::uint64_t> unit = unit_ns(text);
  if (!unit) return not_a_time();
  if (decimals.size() > kMostDecimals) {
    return permanent(fmt::format("expected at most {} decimals", kMostDecimals));
  }

  constexpr auto kLongest = static_cast<std::uint64_t>(limits::longest_duration.count());
  Wide count = 0;
  for (const char c : whole) {
    count = count * 10 + static_cast<Wide>(c - '0');
    if (count > kLongest) return too_long();
  }
  Wide numerator = 0;
  Wide denominator = 1;
  for (const char c : decimals) {
    numerator = numerator * 10 + static_cast<Wide>(c - '0');
    denominator *= 10;
  }
  const Wide ns = count * *unit + (numerator * *unit + denominator / 2) / denominator;
  if (ns > kLongest) return too_long();
  return Duration(static_cast<Duration::rep>(ns));
}

std::string format_exact(Duration d) {
  CHECK(d >= Duration::zero());
  const auto ns = static_cast<std::uint64_t>(d.count());
  if (ns == 0) return "0s";
  for (const Unit& unit : kUnits) {
    if (ns % unit.ns == 0) return fmt::format("{}{}", ns / unit.ns, unit.name);
  }
  return {};  // not reached: the last unit divides every count
}

std::string format_seconds(Duration d, int decimals) {
  CHECK(decimals >= 0 && decimals <= 9);
  std::string text;
  append_rounded_seconds(text, d, decimals);
  return text;
}

std::string format_brief(Duration d) {
  std::string text = format_seconds(d, 3);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " s";
}

std::string format_elapsed(Duration d) {
  const auto seconds = d.count() < 0 ? 0 : d.count() / 1'000'000'000;
  if (seconds < 60) return fmt::format("{}s", seconds);
  const auto minutes = seconds / 60;
  if (minutes < 60) return fmt::format("{}m {:02}s", minutes, seconds % 60);
  return fmt::format("{}h {:02}m {:02}s", minutes / 60, minutes % 60, seconds % 60);
}

}  // namespace rollcall
