// Bytes in JSON.
#pragma once

#include <string>
#include <string_view>

namespace rollcall::coordinator {

/// RFC 4648, with padding.
std::string base64(std::string_view bytes);

}  // namespace rollcall::coordinator
