// Whether enough workers are connected to start the run, and to go on with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/model/time.h"
#include "coordinator/core/model/policy.h"

namespace rollcall::coordinator {

/// Applies --wait-for-workers, --require-workers and --join-timeout. Counts no sessions itself.
/// Pure; one owner, one thread; `now` never goes back.
class Attendance {
 public:
  enum class Kind : std::uint8_t {
    wait,   ///< not now: ask again
    go_on,  ///< start the run, or go on with it
    fail,   ///< there is no worker to run the tasks
  };
  struct Verdict {
    Kind kind = Kind::wait;
    std::string warning;  ///< for the log, the reason to fail; may be empty

    bool operator==(const Verdict&) const = default;
  };

  /// A resumed run starts with the first worker.
  Attendance(const Policy& policy, bool is_resumed)
      : wanted_(is_resumed ? 1 : policy.wait_for_workers),
        requires_wanted_(!is_resumed && policy.require_workers),
        join_timeout_(policy.join_timeout),
        others_may_join_(policy.others_may_join) {}

  /// Workers may join from now on.
  void open(Instant now) { joining_since_ = now; }
  /// When may_start() decides at the latest. Requires open().
  Instant start_deadline() const { return joining_since_ + join_timeout_; }
  /// The coordinator itself was late by this much, which does not count as absence of workers.
  void compensate_stall(Duration late);

  /// Before the first dispatch. `joined` sessions may be given work; `fleet_has_ended`: no local
  /// worker runs, and none will be started.
  Verdict may_start(Instant now, std::size_t joined, bool fleet_has_ended) const;
  /// While the run goes on with `live` sessions.
  Verdict may_go_on(Instant now, std::size_t live, bool fleet_has_ended);

  /// No wait began before workers could join.
  void check_invariants() const;

 private:
  std::size_t wanted_;
  bool requires_wanted_;  ///< the run does not start with fewer
  Duration join_timeout_;
  bool others_may_join_;
  Instant joining_since_;
  std::optional<Instant> empty_since_;  ///< no session is live since
};

}  // namespace rollcall::coordinator
