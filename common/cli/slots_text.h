// The text of --slots.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/cli/option_values.h"

namespace rollcall::cli {

/// Parses --slots for a machine with `processors`: N, N% of the processors, or N more (+N) or fewer
/// (-N) than there are. The result is at least 1. The error describes the expected form.
Result<std::uint32_t> parse_slots(std::string_view text, std::uint32_t processors);

/// `into` must outlive the result.
Apply slots_into(std::uint32_t& into, std::uint32_t processors);

}  // namespace rollcall::cli
