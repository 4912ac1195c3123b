// The ZeroMQ context of the process.
#pragma once

#include <memory>

namespace zmq {
class context_t;
}

namespace rollcall::net {

/// ZeroMQ's own I/O thread and what its sockets share. One a process: closing one that used CURVE
/// may break another. Outlives every Socket and ZapHandler made with it; any thread may use it.
class Context {
 public:
  Context();
  /// Waits until what closed sockets still had to send is sent or their linger is over.
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  zmq::context_t& handle() { return *context_; }

 private:
  std::unique_ptr<zmq::context_t> context_;
};

}  // namespace rollcall::net
