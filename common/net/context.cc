#include "common/net/context.h"

#include <zmq.hpp>

namespace rollcall::net {

Context::Context() : context_(std::make_unique<zmq::context_t>()) {}
Context::~Context() = default;

}  // namespace rollcall::net
