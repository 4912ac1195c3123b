#include "common/base/text.h"

#include <algorithm>
#include <cstdint>

namespace rollcall {
namespace {

/// Bytes of the UTF-8 sequence at the start of `text`; 0 if it is malformed.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (length == 0 || text.size() < length) return 0;
  std::uint32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
    code = code << 6U | (byte(i) & 0x3fU);
  }
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  const std::uint32_t least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
  return code < least || code > 0x10ffff || surrogate ? 0 : length;
}

bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  const bool c1 = first == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;
  return first < 0x20 || first == 0x7f || c1;
}

}  // namespace

std::string printable(std::string_view text, std::size_t bytes) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const bool keep = length > 0 && !is_control(text.substr(0, length));
    const std::string_view next = keep ? text.substr(0, length) : "?";
    if (clean.size() + next.size() > bytes) break;
    clean += next;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace rollcall
