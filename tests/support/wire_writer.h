// A second, independent writer of the wire format, for bytes that the codec would never write.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire/codec.h"
#include "tests/fuzz/wire_samples.h"
#include "tests/support/bytes.h"

namespace rollcall::test {

inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7U) bytes += static_cast<char>(value | 0x80U);
  return bytes += static_cast<char>(value);
}

inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63U);
}

inline std::string number(unsigned field, std::uint64_t value) {
  return varint(field << 3U) + varint(value);
}

inline std::string text(unsigned field, std::string_view value) {
  return varint(field << 3U | 2U) + varint(value.size()) + std::string(value);
}

inline std::string column(unsigned field, const std::vector<std::uint64_t>& values) {
  std::string packed;
  for (const std::uint64_t value : values) packed += varint(value);
  return text(field, packed);
}

inline std::string real(unsigned field, double value) {
  return varint(field << 3U | 1U) +
         std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

inline const std::string kId(16, 'i');

inline std::string envelope(unsigned body_field, std::string_view body) {
  return "\x0dROLL" + number(2, 2) + text(3, kId) + number(4, 1) + text(5, kId) +
         text(body_field, body);
}

enum : unsigned {
  kHello = 16,
  kInventory = 17,
  kReport = 18,
  kHeartbeat = 19,
  kGoodbye = 20,
  kOutput = 21
};
enum : unsigned {
  kWelcome = 32,
  kAssignment = 33,
  kAck = 34,
  kCancel = 35,
  kDrain = 36,
  kReject = 37,
  kRevoke = 39,
  kOutputAck = 40
};

/// What decode says of `bytes`; empty if it takes them.
template <class Message>
inline std::string complaint(const std::string& bytes) {
  WireCodec codec;
  Message message;
  const Result<void> result = codec.decode(span_of(bytes), message);
  if (result) {
    test::check_well_formed(message);
    return "";
  }
  EXPECT_EQ(result.error().kind, ErrorKind::protocol);
  return result.error().message;
}

inline std::string from_worker(unsigned field, std::string_view body) {
  return complaint<WorkerMessage>(envelope(field, body));
}

inline std::string from_coordinator(unsigned field, std::string_view body) {
  return complaint<CoordinatorMessage>(envelope(field, body));
}

}  // namespace rollcall::test
