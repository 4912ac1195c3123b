// The messages between a worker and its guardians. All are the same program on the same machine, so
// messages are plain structures in native byte order, over sockets that preserve packets.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall::worker {

/// Worker to guardians: start a command. A packet consists of this structure and `bytes` bytes of
/// strings, each terminated by a NUL: the working directory (empty: that of the guardian), the
/// arguments, the variables. Attached are the descriptors of standard output, standard error,
/// standard input if has_input, the list of processes of a control group if has_group, and a file
/// with the strings if they are longer than kGuardianPacketStrings. All guardians read the same
/// socket. Whichever can run one more command takes the first packet; further packets wait in the
/// socket, so that the next command can start as soon as one ends.
struct GuardianRequest {
  std::uint64_t number = 0;  ///< consecutive, from 1
  std::uint32_t slot = 0;    ///< chosen by the worker, below limits::commands, and free
  std::uint32_t bytes = 0;
  std::uint32_t args = 0;
  std::uint32_t variables = 0;
  std::uint32_t has_input = 0;
  std::uint32_t has_group = 0;   ///< the command is to move itself into a group
  std::uint32_t nice = 0;        ///< the least niceness of the command
  std::uint64_t max_memory = 0;  ///< bytes for it and its descendants; 0: no limit to watch
};

/// The longest strings that are sent in the packet, which must fit the smallest socket buffer.
inline constexpr std::size_t kGuardianPacketStrings = std::size_t{16} << 10U;

/// Worker to each guardian: send a signal to the process group of a command. A command that has not
/// started never will; it becomes `not_started` with ECANCELED. Signal 0 does only that: it has no
/// effect on a command that has started. Each guardian has a socket for
/// signals, so that they overtake requests.
struct GuardianSignal {
  std::uint64_t number = 0;  ///< of the command's request
  std::uint32_t slot = 0;
  std::int32_t signal = 0;
};

/// Guardian to worker: an event; in order for each slot, up to kGuardianEvents in a packet. A
/// command that ends soon has no `started`.
struct GuardianEvent {
  enum class Kind : std::uint32_t {
    started,
    not_started,  ///< the slot is free
    ended,        ///< the slot is free; if group_lives, only after SIGKILL was requested
  };

  Kind kind = Kind::started;
  std::uint32_t slot = 0;
  std::int32_t value = 0;         ///< not_started: errno; ended: the status of wait(2)
  std::uint32_t in_cwd = 0;       ///< not_started: the working directory cannot be entered
  std::uint32_t group_lives = 0;  ///< ended: the group got SIGTERM and has members left
  std::int64_t started_ns = 0;    ///< the worker's clock
  std::int64_t ended_ns = 0;
  std::int64_t cpu_ns = 0;
  std::uint64_t peak_rss_bytes = 0;
  std::uint32_t out_of_memory = 0;  ///< ended: killed because of GuardianRequest::max_memory
};

inline constexpr std::size_t kGuardianEvents = 64;

/// The descriptors of the sockets in a guardian.
inline constexpr int kGuardianSocket = 3;
inline constexpr int kGuardianSignals = 4;

}  // namespace rollcall::worker
