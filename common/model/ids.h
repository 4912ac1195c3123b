// The names of things. Each kind of name is a type of its own, so that one cannot stand for
// another.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rollcall {

/// A task of a run: 0-based, dense.
enum class TaskId : std::uint32_t {};

constexpr std::size_t index(TaskId task) {
  return static_cast<std::size_t>(task);
}
constexpr TaskId task_at(std::size_t i) {
  return static_cast<TaskId>(i);
}

/// One try at a task, numbered from 1; 0: never tried.
using Attempt = std::uint16_t;

/// One life of the coordinator for a run, numbered from 1; 0: not known yet.
using Epoch = std::uint32_t;

/// The place of a session in the coordinator's list of sessions, in order of their first Hello.
enum class SessionIndex : std::uint32_t {};

constexpr std::size_t index(SessionIndex session) {
  return static_cast<std::size_t>(session);
}

/// One connection as the coordinator's socket names it. It names a way back, never a peer.
enum class ConnectionId : std::uint32_t {};

/// 128 bits, made at random by whoever names something.
template <class Tag>
struct Id128 {
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const Id128&, const Id128&) = default;
  /// True for the id of nothing: all bits zero.
  bool empty() const { return *this == Id128{}; }
};

/// 32 lower-case hexadecimal digits.
std::string to_hex(const std::array<std::uint8_t, 16>& bytes);

/// One run.
using RunId = Id128<struct RunTag>;
/// One life of one worker process, as everybody may see it: the hash of its SessionSecret.
using SessionId = Id128<struct SessionTag>;
/// What only the worker process and the coordinator know: who sends it owns the session.
using SessionSecret = Id128<struct SessionSecretTag>;

/// The public name of the session that owns `secret` (a version 5 UUID, RFC 4122 section 4.3).
SessionId session_of(const SessionSecret& secret);

}  // namespace rollcall
