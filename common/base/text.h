// Makes text from other processes safe to print.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rollcall {

/// Returns at most `bytes` bytes of `text` for one line of a log or a JSON string. Malformed UTF-8
/// and control characters become '?', invisible characters an escape such as \u202e. Text is
/// truncated between characters.
std::string printable(std::string_view text, std::size_t bytes = std::string::npos);

/// For a terminal: all of `text`, with escapes for malformed UTF-8 and control characters other
/// than newlines and tabs (\x1b), and for invisible characters (\u202e).
std::string visible(std::string_view text);

/// Whether the whole text is well-formed UTF-8.
bool is_utf8(std::string_view text);

/// A size as options accept it: "512M", "1G", or a number of bytes that no unit divides.
std::string format_size(std::uint64_t bytes);

}  // namespace rollcall
