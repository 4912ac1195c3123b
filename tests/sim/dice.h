// Draws what a plan needs.
#pragma once

#include <array>
#include <cstdint>

#include "common/base/rng.h"
#include "common/model/time.h"

namespace rollcall::sim {

/// One stream of random numbers. One owner, one thread.
class Dice {
 public:
  explicit Dice(std::uint64_t stream) : rng_(mix64(stream)) {}

  bool chance(double p) { return rng_.unit() < p; }
  std::uint32_t number(std::uint32_t least, std::uint32_t most) {
    return least + static_cast<std::uint32_t>(rng_.below(most - least + 1));
  }
  Duration time(Duration least, Duration most) {
    return least + Duration(static_cast<Duration::rep>(
                       rng_.below(static_cast<std::uint64_t>((most - least).count()) + 1)));
  }
  template <class T, std::size_t N>
  T one_of(const std::array<T, N>& choices) {
    return choices[rng_.below(N)];
  }

 private:
  Rng rng_;
};

}  // namespace rollcall::sim
