// The worker's end of the conversation with its guardians, on the event loop.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "common/model/command.h"
#include "common/os/descriptor.h"
#include "worker/guardian/guardian.h"
#include "worker/guardian/protocol.h"

namespace rollcall::worker {

/// What a command is started with: the writing ends of its pipes; without the third it reads
/// /dev/null.
struct CommandFiles {
  os::Descriptor output;
  os::Descriptor error_output;
  os::Descriptor input;
  os::Descriptor strings;  ///< set by GuardianChannel::spawn()
};

/// Owns the guardians. Never waits for them. One thread, that of `loop`, which outlives this.
class GuardianChannel {
 public:
  struct Handlers {
    std::function<void(std::span<const GuardianEvent>)> on_events;
    std::function<void()> on_gone;  ///< a guardian has died; nothing follows
  };

  GuardianChannel(boost::asio::io_context& loop, Guardians guardians, Handlers handlers);
  ~GuardianChannel();
  GuardianChannel(const GuardianChannel&) = delete;
  GuardianChannel& operator=(const GuardianChannel&) = delete;

  /// Starts it once a guardian has arena. Requires that the command keeps limits::command_bytes and
  /// command_strings and has no NUL. Returns the number of the request; 0: it was not sent, and
  /// errno says why.
  std::uint64_t spawn(std::uint32_t slot, const Command& command, CommandFiles files);
  /// `number`: what spawn() returned for the command in this slot.
  void signal(std::uint32_t slot, std::uint64_t number, int signal);

 private:
  struct Outgoing {
    std::string bytes;
    CommandFiles files;
  };

  void send();
  void send_signals();
  /// False: errno says why it was not sent.
  static bool send_request(int socket, const Outgoing& request);
  void await_room();
  void await_events();
  void await_end(std::size_t guardian);
  void read_events();
  void gone();

  Guardians guardians_;
  boost::asio::posix::stream_descriptor stream_;
  boost::asio::steady_timer retry_;
  boost::asio::steady_timer signals_retry_;
  Handlers handlers_;
  std::deque<Outgoing> outbox_;
  bool is_waiting_ = false;   ///< for arena in the socket
  std::uint64_t number_ = 0;  ///< of the last request
  struct Signal {
    int socket = -1;  ///< of the guardian that gets it
    GuardianSignal signal;
  };
  std::deque<Signal> signals_;
  std::vector<boost::asio::posix::stream_descriptor> ends_;  ///< readable once that one is gone
  bool is_gone_ = false;
  std::array<GuardianEvent, 4 * kGuardianEvents> events_{};
};

}  // namespace rollcall::worker
