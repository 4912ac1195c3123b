#include "coordinator/output/decimal.h"

#include <charconv>
#include <limits>

namespace rollcall::coordinator {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

std::uint64_t magnitude(Duration duration) {
  const auto ns = static_cast<std::uint64_t>(duration.count());
  return duration < Duration::zero() ? 0 - ns : ns;
}

/// `value` with a point before its last `decimals` digits.
void append_fixed(std::string& out, bool negative, std::uint64_t value, unsigned decimals) {
  char digits[std::numeric_limits<std::uint64_t>::digits10 + 4];
  char* const end = digits + sizeof digits;
  char* at = end;
  for (unsigned i = 0; i < decimals; ++i) {
    *--at = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  if (decimals > 0) *--at = '.';
  do {
    *--at = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value > 0);
  if (negative) *--at = '-';
  out.append(at, end);
}

void append_rounded(std::string& out, Duration duration, unsigned decimals) {
  std::uint64_t unit = kNsPerSecond;
  for (unsigned i = 0; i < decimals; ++i) unit /= 10;
  const std::uint64_t value = (magnitude(duration) + unit / 2) / unit;
  append_fixed(out, duration < Duration::zero() && value > 0, value, decimals);
}

}  // namespace

void append_number(std::string& out, std::uint64_t number) {
  char digits[std::numeric_limits<std::uint64_t>::digits10 + 1];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

void append_seconds(std::string& out, Duration duration) {
  append_fixed(out, duration < Duration::zero(), magnitude(duration), 9);
}

void append_rounded_seconds(std::string& out, Duration duration) {
  append_rounded(out, duration, 2);
}

std::string seconds_text(Duration duration, unsigned decimals) {
  std::string text;
  append_rounded(text, duration, decimals);
  return text;
}

}  // namespace rollcall::coordinator
