#include "common/model/decimal.h"

#include <charconv>
#include <limits>

namespace rollcall {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

std::uint64_t magnitude(Duration duration) {
  const auto ns = static_cast<std::uint64_t>(duration.count());
  return duration < Duration::zero() ? 0 - ns : ns;
}

/// `value` / `unit`, a power of ten, with as many decimals as the unit has zeros.
void append_fixed(std::string& out, bool negative, std::uint64_t value, std::uint64_t unit) {
  char digits[2 * std::numeric_limits<std::uint64_t>::digits10 + 4];
  char* const end = digits + sizeof digits;
  char* at = digits;
  if (negative) *at++ = '-';
  at = std::to_chars(at, end, value / unit).ptr;
  if (unit > 1) {
    // The digit of the unit keeps the zeros that follow it; the point takes its place.
    char* const point = at;
    at = std::to_chars(at, end, unit + value % unit).ptr;
    *point = '.';
  }
  out.append(digits, at);
}

}  // namespace

void append_number(std::string& out, std::uint64_t number) {
  char digits[std::numeric_limits<std::uint64_t>::digits10 + 1];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

void append_seconds(std::string& out, Duration duration) {
  append_fixed(out, duration < Duration::zero(), magnitude(duration), kNsPerSecond);
}

void append_rounded_seconds(std::string& out, Duration duration, int decimals) {
  std::uint64_t unit = kNsPerSecond;
  for (int i = 0; i < decimals; ++i) unit /= 10;
  const std::uint64_t value = (magnitude(duration) + unit / 2) / unit;
  append_fixed(out, duration < Duration::zero() && value > 0, value, kNsPerSecond / unit);
}

}  // namespace rollcall
