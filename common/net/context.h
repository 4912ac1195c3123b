// The ZeroMQ context of the process.
#pragma once

#include <memory>

namespace zmq {
class context_t;
}

namespace rollcall::net {

/// Owns ZeroMQ's I/O thread. One per process: closing a context that used CURVE may break another.
/// Must outlive every Socket and ZapHandler that uses it. Thread-safe.
class Context {
 public:
  Context();
  /// Waits until closed sockets have sent their queues, or their linger time has passed.
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  zmq::context_t& handle() { return *context_; }

 private:
  std::unique_ptr<zmq::context_t> context_;
};

}  // namespace rollcall::net
