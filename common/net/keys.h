// CURVE keys.
#pragma once

#include <string>

namespace rollcall::net {

/// Two CURVE keys that belong together, each as 40 characters of Z85 (ZeroMQ RFC 32).
struct KeyPair {
  std::string public_key;
  std::string secret_key;
};

/// A new pair from the kernel's random numbers.
KeyPair make_key_pair();

}  // namespace rollcall::net
