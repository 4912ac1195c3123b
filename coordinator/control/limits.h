// The bounds of the control socket of a coordinator (--control): see common/limits.h.
#pragma once

#include <chrono>
#include <cstddef>

#include "common/model/time.h"

namespace rollcall::limits {

/// Bytes of one request. A longer one is answered with an error.
inline constexpr std::size_t control_request_bytes = 4U << 10U;
/// Bytes of one answer. A longer one is not read.
inline constexpr std::size_t control_answer_bytes = 64U << 20U;
/// Time for one request, and for its answer. Slower: closed.
inline constexpr Duration control_request = std::chrono::seconds(5);
/// Requests at once. At it the oldest one is closed.
inline constexpr int control_connections = 16;
/// Sockets that are asked whether they answer when no path is given. More are not looked at.
inline constexpr std::size_t control_sockets = 1'000;
/// Pause after a connection could not be taken, for want of descriptors, say.
inline constexpr Duration control_accept_retry = std::chrono::milliseconds(100);

}  // namespace rollcall::limits
