#include "common/net/keys.h"

#include <zmq.h>

#include <array>

#include "common/base/check.h"

namespace rollcall::net {

KeyPair make_key_pair() {
  std::array<char, 41> public_key{};
  std::array<char, 41> secret_key{};
  // Fails only where libzmq was built without CURVE, which no supported system ships.
  CHECK(zmq_curve_keypair(public_key.data(), secret_key.data()) == 0);
  return {public_key.data(), secret_key.data()};
}

}  // namespace rollcall::net
