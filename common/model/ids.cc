#include "common/model/ids.h"

#include <algorithm>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>

namespace rollcall {

std::string to_hex(const std::array<std::uint8_t, 16>& bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

SessionId session_of(const SessionSecret& secret) {
  // A private namespace, so that the hash of a secret is useless elsewhere.
  static constexpr boost::uuids::uuid name_space = {{0x52, 0x6f, 0x6c, 0x6c, 0x63, 0x61, 0x6c, 0x6c,
                                                     0x53, 0x65, 0x73, 0x73, 0x69, 0x6f, 0x6e,
                                                     0x31}};
  const boost::uuids::uuid hash =
      boost::uuids::name_generator_sha1(name_space)(secret.bytes.data(), secret.bytes.size());
  SessionId id;
  std::copy(hash.begin(), hash.end(), id.bytes.begin());
  return id;
}

}  // namespace rollcall
