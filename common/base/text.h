// Text that came from elsewhere, made fit to be shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rollcall {

/// `text`, at most `bytes` of it, fit for one line of a log or a JSON string: what is no UTF-8, and
/// every control character, becomes '?'; the cut falls between characters.
std::string printable(std::string_view text, std::size_t bytes);

/// Whether all of it is well-formed UTF-8.
bool is_utf8(std::string_view text);

}  // namespace rollcall
