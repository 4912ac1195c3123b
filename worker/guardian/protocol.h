// What a worker and its guardians say to each other. All are the same program on the same machine:
// plain structures in native byte order, over sockets that keep packets whole.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall::worker {

/// Worker to guardians: start a command. One packet: this, and `bytes` bytes of strings, each with
/// a NUL behind it: the working directory (empty: the guardian's), the arguments, the variables.
/// With it come the descriptors of standard output, standard error, standard input if has_input,
/// and a file of the strings if they are more than kGuardianPacketStrings. All guardians read the
/// same socket: the first that has arena takes a packet, and others stay there, so the next one is
/// at hand when a command ends.
struct GuardianRequest {
  std::uint64_t number = 0;  ///< one more than that of the last request; the first is 1
  std::uint32_t slot = 0;    ///< chosen by the worker, below limits::commands, and free
  std::uint32_t bytes = 0;
  std::uint32_t args = 0;
  std::uint32_t variables = 0;
  std::uint32_t has_input = 0;
};

/// Strings of a request that go into its packet: the smallest buffer of a socket holds some.
inline constexpr std::size_t kGuardianPacketStrings = std::size_t{16} << 10U;

/// Worker to each guardian, on a socket of its own, as it supersedes requests: a signal for the
/// process group of a command. One that has not started will not: it becomes `not_started`,
/// ECANCELED.
struct GuardianSignal {
  std::uint64_t number = 0;  ///< of the command's request
  std::uint32_t slot = 0;
  std::int32_t signal = 0;
};

/// Guardian to worker: facts, in order for each slot; up to kGuardianEvents in a packet. A command
/// that ends soon has no `started`.
struct GuardianEvent {
  enum class Kind : std::uint32_t {
    started,
    not_started,  ///< the slot is free
    ended,        ///< the slot is free, unless group_lives: then it is once SIGKILL was asked for
  };

  Kind kind = Kind::started;
  std::uint32_t slot = 0;
  std::int32_t value = 0;         ///< not_started: errno; ended: the status of wait(2)
  std::uint32_t in_cwd = 0;       ///< not_started: it was the working directory that failed
  std::uint32_t group_lives = 0;  ///< ended: the group got SIGTERM and has members left
  std::int64_t started_ns = 0;    ///< the worker's clock
  std::int64_t ended_ns = 0;
  std::int64_t cpu_ns = 0;
  std::uint64_t peak_rss_bytes = 0;
};

inline constexpr std::size_t kGuardianEvents = 64;

/// Where a guardian finds its ends of the sockets.
inline constexpr int kGuardianSocket = 3;
inline constexpr int kGuardianSignals = 4;

}  // namespace rollcall::worker
