// Text as bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace rollcall {

inline std::span<const std::byte> span_of(const std::string& bytes) {
  return std::as_bytes(std::span(bytes));
}

}  // namespace rollcall
