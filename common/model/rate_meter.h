// Whether much is happening just now.
#pragma once

#include <algorithm>
#include <cstddef>

#include "common/model/time.h"

namespace rollcall {

/// Counts in windows of time. What is worth its while only under load goes by it: to wake up less
/// often, to send less often. Pure; one owner, one thread; `now` never goes back.
class RateMeter {
 public:
  /// Busy is what had more than `many` within `window`.
  RateMeter(std::size_t many, Duration window) : many_(many), window_(window) {}

  void count(Instant now, std::size_t happened) {
    if (now - begin_ >= window_) {
      before_ = now - begin_ < 2 * window_ ? here_ : 0;
      here_ = 0;
      begin_ = now;
    }
    here_ += happened;
  }
  /// As of the last count(): in this window or the one before.
  bool busy() const { return std::max(before_, here_) > many_; }

 private:
  std::size_t many_;
  Duration window_;
  Instant begin_{};
  std::size_t here_ = 0;
  std::size_t before_ = 0;
};

}  // namespace rollcall
