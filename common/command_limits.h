// The bounds of commands: the part of common/limits.h that is about real commands alone.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/time.h"

namespace rollcall::limits {

using namespace std::chrono_literals;

/// Commands of one worker at a time, whatever its slots and descriptors. --slots is lowered to it.
inline constexpr std::uint32_t commands = 16'384;
/// Bytes and number of a command's arguments and variables. Above: it is not started (E2BIG).
inline constexpr std::size_t command_bytes = 8U << 20U;
inline constexpr std::size_t command_strings = 1U << 20U;
/// Guardians of one worker: one for each processor and slot, and not more than these. Each starts
/// one command at a time.
inline constexpr std::uint32_t guardians = 4;
/// Commands handed to the guardians that have not started yet. More wait in the worker.
inline constexpr std::uint32_t spawns_in_flight = 16;
/// Of those, how many are handed over before there is a slot for them.
inline constexpr std::uint32_t spawns_ahead = 2;
/// How often the start of one command waits for another to end, as the system has no more
/// processes. After that, others are to run it.
inline constexpr std::uint32_t start_tries = 100;
/// Process groups of ended commands that may take their time to end; each guardian has its share.
/// More are killed at once.
inline constexpr std::ptrdiff_t groups_left = 256;
/// Those of them whose output stays open, unread, so that they can tidy up. Of more, the oldest
/// ones get SIGPIPE when they write.
inline constexpr std::size_t outputs_left_open = 16;
/// Bytes of each stream of a command that can be kept. --max-output.
inline constexpr std::uint64_t max_output = 6U << 20U;
/// The same without --max-output.
inline constexpr std::uint64_t max_output_default = 1U << 20U;
/// Time from SIGTERM to SIGKILL without --kill-after.
inline constexpr Duration kill_after = 5s;
/// Bytes of all commands of one Assignment, about: fewer go into it then.
inline constexpr std::size_t assignment_bytes = 4U << 20U;
/// Bytes of output in one Report, about: the next outcome goes into the next one.
inline constexpr std::size_t report_bytes = 1U << 20U;
/// First and longest pause before a task that has failed is tried again; each is twice the last.
inline constexpr Duration retry_first = 100ms;
inline constexpr Duration retry_longest = 1min;
/// Bytes of one line of the input: what the system takes as one argument. Above: a usage error.
inline constexpr std::size_t input_line_bytes = 131'071;
/// Output of ended tasks held in memory for --keep-order. What is more waits in a temporary file.
inline constexpr std::size_t held_output_bytes = 64U << 20U;
/// Output of several tasks that is printed in one go.
inline constexpr std::size_t printed_bytes = 4U << 20U;
/// Descriptors that each running command needs, and those that all else needs; with a low limit
/// the slots are lowered.
inline constexpr std::uint64_t command_descriptors = 3;
inline constexpr std::uint64_t reserved_descriptors = 64;
/// A command that has run this long has its output read while it runs; others at their end.
inline constexpr Duration read_output_after = 5ms;
/// Bytes still read from each stream of a command that has ended; a pipe does not hold more.
inline constexpr std::size_t output_left = 1U << 20U;
/// How long the end of a worker waits until its guardians have ended all descendants.
inline constexpr Duration guardian_end = 1s;

}  // namespace rollcall::limits
