// JSON that people or other programs wrote.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "common/base/result.h"

namespace rollcall {

/// Parses one JSON value. Unlike the library alone, it refuses a member that is given twice in one
/// object: programs differ in which of the two they use. The error is retryable if the text is
/// truncated, else permanent; it has no prefix.
[[nodiscard]] Result<nlohmann::json> parse_strict_json(std::string_view text);

}  // namespace rollcall
