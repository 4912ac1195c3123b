// Durations as text.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/model/time.h"

namespace rollcall {

/// Parses "500ms", "2m", "1.5s", "10us", "7ns", "1h"; a bare number means seconds. Fractions of a
/// nanosecond are rounded (half up). The range is 0 to limits::longest_duration. Errors start with
/// "expected".
Result<Duration> parse_duration(std::string_view text);

/// The shortest text with a whole number that parse_duration() parses as `d`: "10s", "1500ms",
/// "2m". Requires d >= 0.
std::string format_exact(Duration d);

/// Seconds without a unit, rounded to the nearest: "7.66", "-0.02". Requires 0 <= decimals <= 9.
std::string format_seconds(Duration d, int decimals = 2);

/// Seconds with their unit, rounded to the millisecond, for messages: "3 s", "0.5 s", "59.001 s".
std::string format_brief(Duration d);

/// Whole seconds, rounded down, for the progress display: "7s", "1m 03s", "2h 00m 09s"; "0s" if
/// negative.
std::string format_elapsed(Duration d);

}  // namespace rollcall
