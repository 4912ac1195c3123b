#include "coordinator/view/base64.h"

#include <cstddef>
#include <cstdint>

namespace rollcall::coordinator {

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr unsigned kDigitBits = 6;
  constexpr unsigned kByteBits = 8;
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char byte : bytes) {
    bits = bits << kByteBits | static_cast<unsigned char>(byte);
    for (count += kByteBits; count >= kDigitBits; count -= kDigitBits) {
      text += kDigits[bits >> (count - kDigitBits) & 0x3fU];
    }
  }
  if (count > 0) text += kDigits[bits << (kDigitBits - count) & 0x3fU];
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

}  // namespace rollcall::coordinator
