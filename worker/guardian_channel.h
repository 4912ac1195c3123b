// The worker's end of the conversation with its guardian, on the event loop.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>

#include "common/command.h"
#include "worker/descriptor.h"
#include "worker/guardian.h"
#include "worker/guardian_protocol.h"

namespace rollcall::worker {

/// What a command is started with: the writing ends of its pipes; without the third it reads
/// /dev/null.
struct CommandFiles {
  Descriptor output;
  Descriptor error_output;
  Descriptor input;
};

/// Owns the guardian. Never waits for it. One thread, that of `loop`, which outlives this.
class GuardianChannel {
 public:
  struct Handlers {
    std::function<void(std::span<const GuardianEvent>)> on_events;
    std::function<void()> on_gone;  ///< the guardian has died; nothing follows
  };

  GuardianChannel(boost::asio::io_context& loop, Guardian guardian, Handlers handlers);
  ~GuardianChannel();
  GuardianChannel(const GuardianChannel&) = delete;
  GuardianChannel& operator=(const GuardianChannel&) = delete;

  /// Starts it once fewer than `most` run. Requires that the command keeps limits::command_bytes
  /// and command_strings and has no NUL. Returns the number of the request.
  std::uint64_t spawn(std::uint32_t slot, const Command& command, CommandFiles files,
                      std::uint32_t most);
  /// `number`: what spawn() returned for the command in this slot.
  void signal(std::uint32_t slot, std::uint64_t number, int signal);

 private:
  struct Outgoing {
    std::string bytes;
    std::size_t sent = 0;
    CommandFiles files;  ///< until they are sent
  };

  void send();
  void send_signals();
  /// Bytes sent, or -1 with errno.
  static ssize_t send_some(int socket, Outgoing& request);
  void await_room();
  void await_events();
  void read_events();
  void gone();

  Guardian guardian_;
  boost::asio::posix::stream_descriptor stream_;
  boost::asio::steady_timer retry_;
  boost::asio::steady_timer signals_retry_;
  Handlers handlers_;
  std::deque<Outgoing> outbox_;
  bool is_waiting_ = false;   ///< for room in the socket
  std::uint64_t number_ = 0;  ///< of the last request
  std::deque<GuardianSignal> signals_;
  bool is_gone_ = false;
  std::array<GuardianEvent, 128> events_{};
  std::size_t received_ = 0;  ///< bytes of events_
};

}  // namespace rollcall::worker
