// Identifiers. Each kind is a separate type, so that they cannot be confused.
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

/// An attempt at a task, numbered from 1; 0: none yet.
using Attempt = std::uint16_t;

/// A job of a run, numbered from 1.
enum class JobId : std::uint32_t {};
inline constexpr JobId kFirstJob{1};

/// One incarnation of the coordinator for a run, numbered from 1; 0: unknown.
using Epoch = std::uint32_t;

/// The index of a session in the coordinator's session table, in the order of their first Hellos.
enum class SessionIndex : std::uint32_t {};

constexpr std::size_t index(SessionIndex session) {
  return static_cast<std::size_t>(session);
}

/// A connection of the coordinator's socket. It is only a return address: it does not identify a
/// peer.
enum class ConnectionId : std::uint32_t {};

/// 128 random bits.
template <class Tag>
struct Id128 {
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const Id128&, const Id128&) = default;
  /// Whether all bits are zero: no id.
  bool empty() const { return *this == Id128{}; }
};

/// 32 lower-case hexadecimal digits.
std::string to_hex(const std::array<std::uint8_t, 16>& bytes);

/// One run.
using RunId = Id128<struct RunTag>;
/// One incarnation of a worker process; public. The hash of its SessionSecret.
using SessionId = Id128<struct SessionTag>;
/// Known only to the worker process and the coordinator. Its sender owns the session.
using SessionSecret = Id128<struct SessionSecretTag>;

/// The public id of the session with this secret (a version 5 UUID, RFC 4122 section 4.3).
SessionId session_of(const SessionSecret& secret);

}  // namespace rollcall
