// Bytes in JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rollcall::coordinator {

/// RFC 4648, with padding.
std::string base64(std::string_view bytes);
/// The bytes that base64() encodes as `text`; nullopt if it is anything else.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace rollcall::coordinator
