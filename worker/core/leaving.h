// Whether a session leaves its run, and what it waits for before it goes.
#pragma once

#include <algorithm>
#include <optional>

#include "common/model/time.h"

namespace rollcall::worker {

/// A session that *drains* starts nothing new and ends when its running attempts have ended and are
/// reported. A session that *leaves* holds no attempt any more: it repeats its Goodbye until its
/// last reports are acknowledged, for limits::shutdown at most. A session with an idle timeout
/// drains when it has held nothing for that long.
///
/// Pure; one owner, one thread; `now` never goes back.
class Leaving {
 public:
  /// `idle_timeout`: how long an idle session stays; nullopt: for ever.
  explicit Leaving(std::optional<Duration> idle_timeout = std::nullopt)
      : idle_timeout_(idle_timeout) {}

  /// Starts to drain. `whatever_run`: also in any run that is joined later. Returns false if it
  /// already drains or leaves.
  bool drain(bool whatever_run);
  /// Starts to leave. Returns false if it already leaves.
  bool leave(Instant now);
  void goodbye_sent(Instant now, Duration repeat_after) { goodbye_ = now + repeat_after; }
  /// A Goodbye that was sent may not have arrived; the next handshake sends another.
  void disconnected() { goodbye_ = kNever; }
  /// Call it after every event. `is_idle`: the session belongs to a run and holds no attempt.
  void watch_idleness(Instant now, bool is_idle);
  void forget_run() { is_draining_ = drains_whatever_run_; }

  bool is_draining() const { return is_draining_; }
  bool is_leaving() const { return is_leaving_; }
  /// Its last reports were not acknowledged in time.
  bool has_given_up(Instant now) const { return now >= give_up_; }
  bool is_goodbye_due(Instant now) const { return now >= goodbye_; }
  bool has_idled_too_long(Instant now) const { return now >= idle_until_; }
  /// When one of the last three becomes true; kNever if none will.
  Instant due() const { return std::min({give_up_, goodbye_, idle_until_}); }
  void check_invariants() const;

 private:
  std::optional<Duration> idle_timeout_;
  bool is_draining_ = false;
  bool drains_whatever_run_ = false;
  bool is_leaving_ = false;
  Instant goodbye_ = kNever;
  Instant give_up_ = kNever;
  Instant idle_until_ = kNever;
};

}  // namespace rollcall::worker
