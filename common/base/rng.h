// Random numbers that are the same on every machine, compiler and standard library.
#pragma once

#include <cstdint>

namespace rollcall {

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014):
/// the finalizer that turns a counter into 64 well-mixed bits.
constexpr std::uint64_t mix64(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

/// The i-th number of the stream named by `seed`: no state, so any number can be had in any order.
constexpr std::uint64_t random_at(std::uint64_t seed, std::uint64_t i) {
  return mix64(mix64(seed) + (i + 1) * 0x9e3779b97f4a7c15U);
}

/// Maps 64 random bits to [0, bound), bound > 0, by the high half of the product (Lemire, "Fast
/// random integer generation in an interval", 2019); the bias is below bound / 2^64.
constexpr std::uint64_t scale_below(std::uint64_t random, std::uint64_t bound) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(random) * bound) >> 64U);
}

/// A sequential generator over the same stream. One owner, one thread.
class Rng {
 public:
  explicit constexpr Rng(std::uint64_t seed) : seed_(seed) {}

  constexpr std::uint64_t next() { return random_at(seed_, count_++); }
  /// Uniform in [0, bound). Requires bound > 0.
  constexpr std::uint64_t below(std::uint64_t bound) { return scale_below(next(), bound); }
  /// Uniform in [0, 1).
  constexpr double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

 private:
  std::uint64_t seed_;
  std::uint64_t count_ = 0;
};

}  // namespace rollcall
