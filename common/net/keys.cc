#include "common/net/keys.h"

#include <zmq.h>

#include <array>

#include "common/base/check.h"

namespace rollcall::net {

KeyPair make_key_pair() {
  std::array<char, 41> public_key{};
  std::array<char, 41> secret_key{};
  // Fails only if libzmq was built without CURVE; no supported system has such a build.
  CHECK(zmq_curve_keypair(public_key.data(), secret_key.data()) == 0);
  return {public_key.data(), secret_key.data()};
}

}  // namespace rollcall::net
