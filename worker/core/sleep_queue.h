// The running sleeps: a priority queue of due times.
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
#include "worker/core/attempt_set.h"
#include "worker/core/growing_array.h"

namespace rollcall::worker {

/// Stores each running sleep in 24 bytes and returns the finished ones in the order of due time,
/// and of task id if they are due at the same instant. Pure: the caller passes the time and sets
/// one timer to next_wake(). One owner, one thread; `now` never goes back.
class SleepQueue {
 public:
  /// Sleeps that come due close together share a wake-up, because it costs more than a sleep: when
  /// more than kBusyPops have ended within kBusyWindow and more than kBusyRunning still run, the
  /// next wake-up is kSlack from now or later. With fewer running sleeps it would save nothing, and
  /// delay the end of the run or the refill of slots.
  static constexpr std::size_t kBusyPops = limits::busy_outcomes;
  static constexpr std::size_t kBusyRunning = limits::busy_running;
  static constexpr Duration kBusyWindow = limits::busy_window;
  static constexpr Duration kSlack = std::chrono::microseconds(300);

  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

  /// Starts a sleep for each attempt. `assignment` is for cancel(), which does not distinguish
  /// numbers of 2^32 - 1 and more. Requires 0 <= pause <= limits::longest_duration, and at least
  /// once a year a moment in which nothing runs.
  void start(Instant now, std::uint64_t assignment, const AttemptColumns& attempts);

  /// Appends an outcome `succeeded` for each sleep that is over: elapsed until `now`, with the
  /// sleep duration as its result. For at most `most`, unless sleeps of duration zero are among
  /// them.
  void take_due(Instant now, OutcomeColumns& out, std::size_t most = kAll);

  /// Ends the sleeps of assignments up to this one and appends an outcome `cancelled` for each.
  void cancel(Instant now, std::uint64_t assignments_through, OutcomeColumns& out);

  /// Ends these sleeps, as far as they run, and appends an outcome `cancelled` for each.
  void cancel_listed(Instant now, const AttemptSet& attempts, OutcomeColumns& out);

  /// Appends the running sleeps, in any order.
  void list(HeldColumns& out) const;

  /// Drops all sleeps without outcomes.
  void clear();

  std::size_t size() const { return heap_.size() + at_once_.size(); }
  /// When the next sleep is over; nullopt if none runs.
  std::optional<Instant> next_due() const;
  /// When to call take_due() next: at next_due(), or a little later under load (see kSlack).
  std::optional<Instant> next_wake(Instant now) const;

 private:
  /// Due time and sleep duration take 56 bits each; the other 8 bits of both words, and 16 more,
  /// hold the number of the assignment.
  class Entry {
   public:
    Entry(Duration due, Duration pause, TaskId task, Attempt attempt, std::uint32_t assignment);
    Duration due() const { return Duration(static_cast<std::int64_t>(due_ >> 8U)); }
    Duration pause() const { return Duration(static_cast<std::int64_t>(pause_ >> 8U)); }
    TaskId task() const { return task_; }
    Attempt attempt() const { return attempt_; }
    std::uint32_t assignment() const;
    /// True if `a` ends after `b`: the order of the heap.
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
  template <class Goes>
  void cancel_those(Instant now, const Goes& goes, OutcomeColumns& out);

  Instant base_{};               ///< due times are relative to this: when the queue was last empty
  GrowingArray<Entry> heap_;     ///< a binary heap, the earliest first
  GrowingArray<Entry> at_once_;  ///< those of duration zero, sorted; they need no heap
  RateMeter pops_{kBusyPops, kBusyWindow};
};

}  // namespace rollcall::worker
