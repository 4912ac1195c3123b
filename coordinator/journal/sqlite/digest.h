// 64-bit checksums of rows. They detect damage, not forgery. Their values are stored in journals
// and must never change.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "common/base/rng.h"

namespace rollcall::coordinator::sqlite {

/// The checksum of a sequence of values.
class Digest {
 public:
  explicit Digest(std::uint64_t seed = 0) : state_(seed) {}

  void add(std::int64_t value) {
    // An odd factor and a shift are invertible: a change of one value always changes the result.
    state_ = (state_ ^ static_cast<std::uint64_t>(value)) * kFactor;
    state_ ^= state_ >> 32U;
  }
  void add(std::uint64_t value) { add(static_cast<std::int64_t>(value)); }
  void add(double value) { add(std::bit_cast<std::int64_t>(value)); }
  void add(std::nullopt_t) { add(kNull); }
  void add(std::string_view bytes) {
    add(static_cast<std::int64_t>(bytes.size()));
    std::int64_t word = 0;
    for (; bytes.size() >= sizeof word; bytes.remove_prefix(sizeof word)) {
      std::memcpy(&word, bytes.data(), sizeof word);
      add(word);
    }
    if (bytes.empty()) return;
    word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
    add(word);
  }
  template <class T>
  void add(const std::optional<T>& value) {
    value ? add(*value) : add(std::nullopt);
  }

  std::uint64_t value() const { return mix64(state_); }

 private:
  static constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15U;
  static constexpr std::int64_t kNull = 0x6e756c6c2e2e2e2e;

  std::uint64_t state_;
};

template <class... Values>
std::uint64_t digest_of(const Values&... values) {
  Digest digest;
  (digest.add(values), ...);
  return digest.value();
}

}  // namespace rollcall::coordinator::sqlite
