// When messages wait for each other: the part of limits.h about batches.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/time.h"

namespace rollcall::limits {

using namespace std::chrono_literals;

/// A worker is busy when more outcomes than these come within that time and at least so many
/// attempts still run. Only then outcomes wait for others, to be reported with them.
inline constexpr std::size_t busy_outcomes = 250;
inline constexpr Duration busy_window = 100ms;
inline constexpr std::size_t busy_running = 2'000;
inline constexpr Duration report_wait = 2ms;
/// The same for commands, which are fewer: they wait if so many have ended in that window, and as
/// many are at hand as there are slots, so that none is idle meanwhile.
inline constexpr std::size_t busy_commands = 20;
inline constexpr Duration command_report_wait = 4ms;
/// When more reports than these come within this time, Acks may wait for each other for as long;
/// but none for more than reports_per_ack reports, which is well below reports_in_flight.
inline constexpr std::size_t busy_reports = 4;
inline constexpr Duration ack_wait = 10ms;
inline constexpr std::uint64_t reports_per_ack = 16;

}  // namespace rollcall::limits
