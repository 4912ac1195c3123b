// The sleeps that run: a pure priority queue of due times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "common/limits.h"
#include "common/model/ids.h"
#include "common/model/rate_meter.h"
#include "common/model/task.h"
#include "common/model/time.h"
#include "worker/core/growing_array.h"

namespace rollcall::worker {

/// Holds every running sleep in 24 bytes and says which are over. Pure: the caller brings the time
/// and arms one timer with next_wake(). One owner, one thread; `now` never goes back.
///
/// Outcomes leave in order of due time, those due at the same instant by task id.
class SleepQueue {
 public:
  /// Many sleeps that come due close together share a wake-up, because waking costs more than the
  /// sleep does: once more than kBusyPops ended within kBusyWindow and more than kBusyRunning still
  /// run, the next wake-up is not before kSlack from now. With fewer running there is nothing to
  /// share, and the end of a run and the refill of slots are not delayed.
  static constexpr std::size_t kBusyPops = limits::busy_outcomes;
  static constexpr std::size_t kBusyRunning = limits::busy_running;
  static constexpr Duration kBusyWindow = limits::busy_window;
  static constexpr Duration kSlack = std::chrono::microseconds(300);

  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

  /// Starts a sleep for each attempt. `assignment` is what cancel() goes by; at most 2^32 - 1 are
  /// told apart. Requires: 0 <= pause <= limits::longest_duration, and not more than a year
  /// without a moment in which nothing runs.
  void start(Instant now, std::uint64_t assignment, const AttemptColumns& attempts);

  /// Appends an outcome `succeeded` for each sleep that is over, but for at most `most` if all had
  /// a pause: elapsed up to `now`, the pause as its result.
  void take_due(Instant now, OutcomeColumns& out, std::size_t most = kAll);

  /// Ends what was started for assignments up to this one: appends an outcome `cancelled` for each.
  void cancel(Instant now, std::uint64_t assignments_through, OutcomeColumns& out);

  /// Appends what runs, in any order.
  void list(HeldColumns& out) const;

  /// Drops everything without an outcome.
  void clear();

  std::size_t size() const { return heap_.size() + at_once_.size(); }
  /// When the next sleep is over; none if nothing runs.
  std::optional<Instant> next_due() const;
  /// When to call take_due() next: next_due(), or a little later under load (see kSlack).
  std::optional<Instant> next_wake(Instant now) const;

 private:
  /// Due time and pause need 56 bits each; the 8 bits left in each and 16 more hold the assignment.
  class Entry {
   public:
    Entry(Duration due, Duration pause, TaskId task, Attempt attempt, std::uint32_t assignment);
    Duration due() const { return Duration(static_cast<std::int64_t>(due_ >> 8U)); }
    Duration pause() const { return Duration(static_cast<std::int64_t>(pause_ >> 8U)); }
    TaskId task() const { return task_; }
    Attempt attempt() const { return attempt_; }
    std::uint32_t assignment() const;
    /// Ends after: the order of the heap.
    friend bool operator>(const Entry& a, const Entry& b) {
      const std::uint64_t x = a.due_ >> 8U;
      const std::uint64_t y = b.due_ >> 8U;
      return x != y ? x > y : a.task_ > b.task_;
    }

   private:
    std::uint64_t due_;
    std::uint64_t pause_;
    TaskId task_;
    Attempt attempt_;
    std::uint16_t assignment_high_;
  };
  static_assert(sizeof(Entry) == 24);

  void append(const Entry& entry, Outcome outcome, Instant now, OutcomeColumns& out) const;
  void put_in_order(std::size_t first_new);
  void take_at_once(Instant now, OutcomeColumns& out);
  static void cancel_in(GrowingArray<Entry>& entries, std::uint32_t through,
                        std::vector<Entry>& cancelled);

  Instant base_{};               ///< due times count from here: when the queue was last empty
  GrowingArray<Entry> heap_;     ///< a binary heap, the earliest first
  GrowingArray<Entry> at_once_;  ///< pauses of zero, in order; no heap for them
  RateMeter pops_{kBusyPops, kBusyWindow};
};

}  // namespace rollcall::worker
