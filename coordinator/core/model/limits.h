// Limits of commits, of the journal and of output; a part of limits.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/model/time.h"

namespace rollcall::limits {

using namespace std::chrono_literals;

/// Accepted outcomes that are not committed. Above this nothing is dispatched.
inline constexpr std::size_t uncommitted_outcomes = 1U << 20U;
/// The same for runs without slot limits, whose tasks are all assigned: above this reports are
/// ignored, and workers send them again.
inline constexpr std::size_t uncommitted_outcomes_most = 1U << 24U;
/// How long workers live on without a coordinator in a run with a journal. --orphan-for.
inline constexpr Duration orphan_for = 60s;
/// A transaction with this many outcomes takes no further commit.
inline constexpr std::uint64_t journal_transaction = 1U << 15U;
/// Pause between two tries to write to a full disk.
inline constexpr Duration journal_retry = 1s;
/// The commit counter of a journal is written at most this often.
inline constexpr Duration journal_count = 1s;
/// How long the journal waits for another program that writes to it before it fails.
inline constexpr Duration journal_busy = 10s;
/// The write-ahead log is moved to its place at this size if nothing waits to be committed, and
/// above the second one in any case.
inline constexpr std::uint64_t journal_log_bytes = 32U << 20U;
inline constexpr std::uint64_t journal_log_most_bytes = 256U << 20U;

// Output that travels while its command runs. A row costs its bytes, and output_row_cost.

/// Cost of the output that all sessions together may send before more is taken. A session that gets
/// no part of it waits for its turn.
inline constexpr std::uint64_t output_in_flight = 64U << 20U;
/// Windows are multiples of this.
inline constexpr std::uint64_t output_window = 64U << 10U;
/// A window is at most twice what a session has sent within output_interval. The most within the
/// last output_memory counts, which is longer than any round trip.
inline constexpr Duration output_interval = 50ms;
inline constexpr Duration output_memory = 1s;
/// How long a session has a window while others wait for one.
inline constexpr Duration output_turn = 1s;

/// Heartbeat intervals in which a full spool may wait for a task that has not begun.
inline constexpr int stuck_intervals = 2;

/// Largest number of starts in the unit of --rate.
inline constexpr std::uint64_t starts_per_unit = 1'000'000;

// The spool of output.

/// Files of a spool that are open at the same time.
inline constexpr std::size_t spool_descriptors = 64;
/// In a spool without a journal, the least part of the file that belongs to one stream. A part that
/// is not full takes no more space on disk than its bytes, rounded up to a page.
inline constexpr std::uint64_t spool_block = 64U << 10U;
/// Bytes of a spool in memory, which wait to be written.
inline constexpr std::uint64_t spool_memory = output_in_flight;
/// With no more than this, a spool without a journal writes nothing: most output is printed soon.
inline constexpr std::uint64_t spool_idle = 8U << 20U;
/// Output that waits to be printed, unless --spool-size chooses another limit, or there are
/// retries.
inline constexpr std::uint64_t spool_size_default = 1U << 30U;
/// Smallest value of --spool-size.
inline constexpr std::uint64_t spool_size_least = 1U << 20U;
/// When an attempt is printed as its output arrives, this many of its bytes may wait to be printed,
/// even if the spool is full.
inline constexpr std::uint64_t early_bytes = 1U << 20U;
/// When output is printed line by line, a longer line is printed in parts.
inline constexpr std::size_t live_line_bytes = 1U << 20U;
/// How much of the end of each standard error is kept in memory, for the list of failed tasks.
inline constexpr std::size_t err_end_bytes = 1'000;

}  // namespace rollcall::limits
