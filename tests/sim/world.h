// What everything in one simulated run shares: time, chance, the trace, and what really happened.
#pragma once

#include <cstdint>
#include <cstdio>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>

#include "common/base/rng.h"
#include "tests/sim/plan.h"
#include "tests/sim/timeline.h"
#include "tests/sim/truth.h"

namespace rollcall::sim {

/// A rule that did not hold. Ends the run.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void require(bool holds, const std::string& rule) {
  if (!holds) throw Violation(rule);
}

/// Every step of a run as one number and, if requested, as lines.
class Trace {
 public:
  explicit Trace(bool prints) : prints_(prints) {}

  void add(std::uint64_t number) { hash_ = mix64(hash_ + number + 0x9e3779b97f4a7c15U); }
  std::uint64_t hash() const { return hash_; }
  bool prints() const { return prints_; }
  void line(Instant when, const std::string& text) const {
    std::printf("%12.6f  %s\n", to_seconds(when.time_since_epoch()), text.c_str());
  }

 private:
  bool prints_;
  std::uint64_t hash_ = 0;
};

/// Owned by Simulation. One thread.
struct World {
  World(const Plan& the_plan, bool prints)
      : plan(the_plan), rng(mix64(the_plan.seed + 2)), trace(prints) {}

  const Plan& plan;
  Timeline timeline;
  Rng rng;
  Trace trace;
  Truth truth;
  /// Sessions, by epoch, were asked to return all that waits, and are not given more.
  std::set<std::tuple<SessionId, Epoch, std::uint64_t, std::uint64_t>> last_revocations;

  bool chance(double p) { return p > 0 && rng.unit() < p; }
  Duration time(Duration least, Duration most) {
    return least + Duration(static_cast<Duration::rep>(
                       rng.below(static_cast<std::uint64_t>((most - least).count()) + 1)));
  }
  bool faulty() const { return timeline.now() < plan.calm_from; }
  template <class Text>
  void tell(const Text& text) {
    if (trace.prints()) trace.line(timeline.now(), text());
  }
};

}  // namespace rollcall::sim
