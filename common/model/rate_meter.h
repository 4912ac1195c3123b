// Detects high event rates.
#pragma once

#include <algorithm>
#include <cstddef>

#include "common/model/time.h"

namespace rollcall {

/// Counts events in windows of time, for optimizations that pay only under load. Pure; one owner,
/// one thread; `now` never decreases.
class RateMeter {
 public:
  /// Busy means more than `many` events within `window`.
  RateMeter(std::size_t many, Duration window) : many_(many), window_(window) {}

  void count(Instant now, std::size_t happened) {
    if (now - begin_ >= window_) {
      before_ = now - begin_ < 2 * window_ ? here_ : 0;
      here_ = 0;
      begin_ = now;
    }
    here_ += happened;
  }
  /// As of the last count(): busy in this window or the previous one.
  bool busy() const { return std::max(before_, here_) > many_; }

 private:
  std::size_t many_;
  Duration window_;
  Instant begin_{};
  std::size_t here_ = 0;
  std::size_t before_ = 0;
};

}  // namespace rollcall
