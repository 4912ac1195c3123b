// Virtual time: a queue of calls whose order depends only on the seed.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "common/model/time.h"

namespace rollcall::sim {

/// A queue of calls. Calls that are due at the same instant happen in the order of their insertion.
/// One owner, one thread.
class Timeline {
 public:
  Instant now() const { return now_; }
  std::uint64_t steps() const { return steps_; }
  bool empty() const { return queue_.empty(); }

  void at(Instant when, std::function<void()> what) {
    queue_.push({std::max(when, now_), next_++, std::move(what)});
  }
  void after(Duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

  /// Moves to the time of the next call and makes it. Requires: not empty.
  void step() {
    Entry entry = std::move(const_cast<Entry&>(queue_.top()));
    queue_.pop();
    now_ = entry.when;
    ++steps_;
    entry.what();
  }

 private:
  struct Entry {
    Instant when;
    std::uint64_t number;
    std::function<void()> what;
    friend bool operator<(const Entry& a, const Entry& b) {
      return a.when != b.when ? a.when > b.when : a.number > b.number;
    }
  };

  std::priority_queue<Entry> queue_;
  Instant now_ = instant_from_ns(1'000'000'000);
  std::uint64_t next_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace rollcall::sim
