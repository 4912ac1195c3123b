// Lengths of time as people write and read them.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/model/time.h"

namespace rollcall {

/// Reads "500ms", "2m", "1.5s", "10us", "7ns", "1h"; a bare number is seconds. Exact to the
/// nanosecond where the text is, else rounded to the nearest one (half up). From 0 to
/// limits::longest_duration. The error says what would be right: "expected ...".
Result<Duration> parse_duration(std::string_view text);

/// The shortest text with a whole number that parse_duration reads back as the same value: "10s",
/// "1500ms", "2m". Requires d >= 0.
std::string format_exact(Duration d);

/// Seconds without a unit, rounded to the nearest of its last decimal: "7.66", "-0.02". Requires
/// 0 <= decimals <= 9.
std::string format_seconds(Duration d, int decimals = 2);

/// Whole seconds begun, for progress: "7s", "1m 03s", "2h 00m 09s". Below zero: "0s".
std::string format_elapsed(Duration d);

}  // namespace rollcall
