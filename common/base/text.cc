#include "common/base/text.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace rollcall {
namespace {

/// The UTF-8 sequence at the start of a text.
struct Character {
  std::size_t length = 0;  ///< in bytes; 0: malformed
  std::uint32_t code = 0;
};

Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (length == 0 || text.size() < length) return {};
  std::uint32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    code = code << 6U | (byte(i) & 0x3fU);
  }
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  const std::uint32_t least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
  if (code < least || code > 0x10ffff || surrogate) return {};
  return {length, code};
}

bool is_control(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/// Characters without width that can reorder or hide text: Unicode's Default_Ignorable_Code_Point
/// and the separators of lines, without the variation selectors that emoji use.
bool is_invisible(std::uint32_t code) {
  using Range = std::pair<std::uint32_t, std::uint32_t>;
  constexpr std::array kRanges = {
      Range{0xad, 0xad},       Range{0x34f, 0x34f},     Range{0x61c, 0x61c},
      Range{0x115f, 0x1160},   Range{0x17b4, 0x17b5},   Range{0x180b, 0x180f},
      Range{0x200b, 0x200f},   Range{0x2028, 0x202e},   Range{0x2060, 0x206f},
      Range{0x3164, 0x3164},   Range{0xfeff, 0xfeff},   Range{0xffa0, 0xffa0},
      Range{0xfff0, 0xfffb},   Range{0x1bca0, 0x1bca3}, Range{0x1d173, 0x1d17a},
      Range{0xe0000, 0xe0fff},
  };
  if (code < kRanges.front().first) return false;
  return std::ranges::any_of(
      kRanges, [code](const Range& range) { return code >= range.first && code <= range.second; });
}

/// "\u202e", as in JSON and C++.
std::string escaped(std::uint32_t code) {
  return code > 0xffff ? fmt::format("\\U{:08x}", code) : fmt::format("\\u{:04x}", code);
}

}  // namespace

std::string printable(std::string_view text, std::size_t bytes) {
  std::string clean;
  while (!text.empty()) {
    const Character next = first_of(text);
    std::string shown = "?";
    if (next.length > 0 && is_invisible(next.code)) {
      shown = escaped(next.code);
    } else if (next.length > 0 && !is_control(next.code)) {
      shown = text.substr(0, next.length);
    }
    if (clean.size() + shown.size() > bytes) break;
    clean += shown;
    text.remove_prefix(std::max<std::size_t>(next.length, 1));
  }
  return clean;
}

std::string visible(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const Character next = first_of(text);
    const std::size_t length = std::max<std::size_t>(next.length, 1);
    const bool is_layout = next.code == '\n' || next.code == '\t';
    if (next.length > 0 && is_invisible(next.code)) {
      clean += escaped(next.code);
    } else if (next.length == 0 || (is_control(next.code) && !is_layout)) {
      for (const char c : text.substr(0, length)) {
        clean += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      }
    } else {
      clean += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return clean;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = first_of(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::string_view kUnits = "KMGT";
  constexpr std::uint64_t kStep = 1024;
  std::size_t unit = 0;
  while (unit < kUnits.size() && bytes > 0 && bytes % kStep == 0) {
    bytes /= kStep;
    ++unit;
  }
  return fmt::format("{}{}", bytes, unit == 0 ? std::string_view() : kUnits.substr(unit - 1, 1));
}

}  // namespace rollcall
