// CURVE keys.
#pragma once

#include <string>

namespace rollcall::net {

/// A CURVE key pair; each key is 40 characters of Z85 (ZeroMQ RFC 32).
struct KeyPair {
  std::string public_key;
  std::string secret_key;
};

/// Makes a key pair from the kernel's random numbers.
KeyPair make_key_pair();

}  // namespace rollcall::net
