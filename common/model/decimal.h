// Numbers as text, exactly and fast.
#pragma once

#include <cstdint>
#include <string>

#include "common/model/time.h"

namespace rollcall {

void append_number(std::string& out, std::uint64_t number);

/// Seconds with nine decimals, exact to the nanosecond: "-0.000000001", "12.500000000".
void append_seconds(std::string& out, Duration duration);

/// Seconds with `decimals` decimals (0 to 9), rounded to the nearest, half away from zero: "7.66".
void append_rounded_seconds(std::string& out, Duration duration, int decimals = 2);

}  // namespace rollcall
