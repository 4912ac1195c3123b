// Random bits from the kernel, for ids, secrets and seeds. rng.h has reproducible random numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/model/ids.h"

namespace rollcall::os {

/// Fills `bytes` from getrandom(2). Any thread.
void fill_random(std::span<std::byte> bytes);

std::uint64_t random_u64();

/// Makes an id or secret: random_id128<SessionSecret>(). Never all zero.
template <class Id>
Id random_id128() {
  Id id;
  while (id.empty()) fill_random(std::as_writable_bytes(std::span(id.bytes)));
  return id;
}

}  // namespace rollcall::os
