// The connection of a worker to its guardians, on the event loop.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/model/command.h"
#include "common/os/descriptor.h"
#include "worker/guardian/guardian.h"
#include "worker/guardian/protocol.h"

namespace rollcall::worker {

/// The descriptors that a command is started with: the writing ends of its pipes, and its standard
/// input; without `input` it reads /dev/null.
struct CommandFiles {
  os::Descriptor output;
  os::Descriptor error_output;
  os::Descriptor input;
  os::Descriptor group;    ///< the list of processes of its control group, if it has one
  os::Descriptor strings;  ///< set by GuardianChannel::spawn()
};

/// How a command is started.
struct SpawnTerms {
  std::uint32_t nice = 0;        ///< as in GuardianRequest
  std::uint64_t max_memory = 0;  ///< as in GuardianRequest
};

/// Owns the guardians. Never blocks on them, except in the destructor, which waits for their end.
/// One thread, that of `loop`, which must outlive this.
class GuardianChannel {
 public:
  struct Handlers {
    std::function<void(std::span<const GuardianEvent>)> on_events;
    /// A guardian has died, or is stopped and stays so. No event follows.
    std::function<void(const std::string& reason)> on_gone;
  };

  GuardianChannel(boost::asio::io_context& loop, Guardians guardians, Handlers handlers);
  ~GuardianChannel();
  GuardianChannel(const GuardianChannel&) = delete;
  GuardianChannel& operator=(const GuardianChannel&) = delete;

  /// Sends the command to the guardians, one of which starts it when it can run one more. Requires
  /// that the command respects limits::command_bytes and command_strings and contains no NUL.
  /// Returns the number of the request, or 0 if it cannot be sent; errno has the reason.
  std::uint64_t spawn(std::uint32_t slot, const Command& command, const SpawnTerms& terms,
                      CommandFiles files);
  std::vector<pid_t> guardians() const;
  /// `number`: what spawn() returned for the command in this slot.
  void signal(std::uint32_t slot, std::uint64_t number, int signal);

 private:
  struct Outgoing {
    std::string bytes;
    CommandFiles files;
  };

  void send();
  void send_signals();
  /// Returns false if it was not sent; errno has the reason.
  static bool send_request(int socket, const Outgoing& request);
  void await_room();
  void await_events();
  void await_end(std::size_t guardian);
  void read_events();
  void check_later();
  void check();
  void gone(const std::string& reason);
  /// A handler that calls `function` unless it gets an error, or this has been destroyed: the loop
  /// may have it queued, without an error, by then.
  auto while_alive(auto function) {
    return [function, life = std::weak_ptr(life_)](const boost::system::error_code& error) {
      if (!error && !life.expired()) function();
    };
  }

  std::shared_ptr<const bool> life_ = std::make_shared<const bool>(true);
  Guardians guardians_;
  boost::asio::posix::stream_descriptor stream_;
  boost::asio::steady_timer retry_;
  boost::asio::steady_timer signals_retry_;
  boost::asio::steady_timer check_;
  Handlers handlers_;
  std::deque<Outgoing> outbox_;
  bool is_waiting_ = false;   ///< for room in the socket
  std::uint64_t number_ = 0;  ///< of the last request
  struct Signal {
    int socket = -1;  ///< of the guardian that gets it
    GuardianSignal signal;
  };
  std::deque<Signal> signals_;
  std::vector<boost::asio::posix::stream_descriptor>
      ends_;  ///< each becomes readable when its guardian exits
  bool is_gone_ = false;
  std::size_t open_ = 0;    ///< requests without a last event
  int stopped_checks_ = 0;  ///< in a row in which a guardian was stopped
  bool is_checking_ = false;
  std::array<GuardianEvent, 4 * kGuardianEvents> events_{};
};

}  // namespace rollcall::worker
