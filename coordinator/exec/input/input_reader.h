// Reads the input on a thread of its own, so that the event loop never waits for it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "common/os/descriptor.h"

namespace rollcall::coordinator {

/// Reads a pipe, FIFO, socket, terminal or file in chunks, one for each request(). Without a
/// request it reads nothing, so the writer waits. It waits without using the processor.
///
/// The owner calls all functions, on the thread of the io_context, on which the handlers run too.
/// No handler runs after stop() or the destructor, which a handler may call. The reader does not
/// keep the io_context running. The io_context must outlive it.
///
/// The open file is shared with other processes, so its flags are not changed. If another process
/// takes the bytes between poll() and the read, a pipe, FIFO or socket is polled again, because it
/// is read without waiting. A terminal is not: that read waits for the next line or the end, and so
/// does stop().
class InputReader {
 public:
  /// Called in the order of the input. After on_end or on_error, none is called.
  struct Handlers {
    /// 1 to limits::input_chunk bytes.
    std::function<void(std::string chunk)> on_chunk;
    std::function<void()> on_end;
    /// "cannot be read: Input/output error"
    std::function<void(const std::string& why)> on_error;
  };

  /// Takes `fd`, which must be open, and sets it to be closed in programs that this process starts.
  /// Starts the thread.
  InputReader(boost::asio::io_context& context, os::Descriptor fd, Handlers handlers);
  ~InputReader();
  InputReader(const InputReader&) = delete;
  InputReader& operator=(const InputReader&) = delete;

  /// Permits one more read, which leads to one call of a handler: a chunk, the end or an error. No
  /// effect while limits::input_chunks requests are open, that is, have not led to a call yet.
  void request();
  /// Ends the thread and closes the descriptor. Chunks that were read and not passed to on_chunk
  /// are lost.
  void stop();

 private:
  struct State;
  class Reading;

  std::shared_ptr<State> state_;  ///< shared with calls of handlers that wait in the io_context
  std::unique_ptr<Reading> reading_;
  std::thread thread_;
};

}  // namespace rollcall::coordinator
