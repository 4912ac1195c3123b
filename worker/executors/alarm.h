// A timer of the event loop that is set to an Instant.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "common/model/time.h"

namespace rollcall::worker {

/// Calls its function once when the time comes, unless it was set to another time before. Setting
/// it to the same time costs nothing. One thread, that of `loop`, which outlives it.
class Alarm {
 public:
  Alarm(boost::asio::io_context& loop, std::function<void()> on_time)
      : timer_(loop), on_time_(std::move(on_time)) {}

  /// std::nullopt: switches it off.
  void set(std::optional<Instant> at) {
    if (at == at_) return;
    at_ = at;
    if (!at) {
      timer_.cancel();
      return;
    }
    // Both clocks are CLOCK_MONOTONIC.
    timer_.expires_at(std::chrono::steady_clock::time_point(at->time_since_epoch()));
    timer_.async_wait([this, life = std::weak_ptr(life_)](const boost::system::error_code& error) {
      if (error || life.expired()) return;
      at_.reset();
      on_time_();
    });
  }

 private:
  /// The loop may have this call queued, without an error, when the alarm is destroyed.
  std::shared_ptr<const bool> life_ = std::make_shared<const bool>(true);
  boost::asio::steady_timer timer_;
  std::function<void()> on_time_;
  std::optional<Instant> at_;
};

}  // namespace rollcall::worker
