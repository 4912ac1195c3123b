// Valid messages to start from, damage to do to them, and what must hold for whatever WireCodec
// accepts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/base/rng.h"
#include "common/messages/message.h"
#include "common/wire/codec.h"

namespace rollcall::test {

/// At least one message of every kind; those with columns in every form.
std::vector<WorkerMessage> worker_samples();
std::vector<CoordinatorMessage> coordinator_samples();

/// The bytes of all samples of both directions.
std::vector<std::string> sample_bytes();

/// Changes, cuts, repeats and joins bytes at random, at least once.
void damage(std::string& bytes, const std::vector<std::string>& samples, Rng& rng);

/// CHECKs what WireCodec::decode promises of a message that it accepted.
void check_well_formed(const WorkerMessage& message);
void check_well_formed(const CoordinatorMessage& message);

/// Decodes `bytes` as a message of each direction. CHECKs each accepted message, and that it is the
/// same after encoding and decoding. Returns how many of the two directions accepted it.
int decode_both_ways(WireCodec& codec, std::span<const std::byte> bytes);

}  // namespace rollcall::test
