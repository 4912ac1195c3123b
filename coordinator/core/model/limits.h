// The bounds of keeping a run; a part of limits.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/model/time.h"

namespace rollcall::limits {

using namespace std::chrono_literals;

/// Outcomes that are accepted and not committed. Above: nothing is dispatched.
inline constexpr std::size_t uncommitted_outcomes = 1U << 20U;
/// The same, where tasks without a slot limit are all under way: above, reports are not taken in,
/// and workers keep them and send them again.
inline constexpr std::size_t uncommitted_outcomes_most = 1U << 24U;
/// How long workers live on without a coordinator in a run with a journal. --orphan-for.
inline constexpr Duration orphan_for = 60s;
/// Outcomes from which on a transaction takes no more commits in: the rest goes into the next.
inline constexpr std::uint64_t journal_transaction = 1U << 15U;
/// Pause between two tries to write to a full disk.
inline constexpr Duration journal_retry = 1s;
/// How long the journal waits for another program that writes to it. Longer: it is given up.
inline constexpr Duration journal_busy = 10s;
/// The write-ahead log is moved to its place at this size if nothing waits to be committed, and
/// above the second one in any case.
inline constexpr std::uint64_t journal_log_bytes = 32U << 20U;
inline constexpr std::uint64_t journal_log_most_bytes = 256U << 20U;

}  // namespace rollcall::limits
