// Limits of a coordinator's control socket (--control). See also common/limits.h.
#pragma once

#include <chrono>
#include <cstddef>

#include "common/model/time.h"

namespace rollcall::limits {

/// Bytes of a request. A longer one is answered with an error.
inline constexpr std::size_t control_request_bytes = 64U << 10U;
/// Bytes of an answer. The client does not accept a longer one.
inline constexpr std::size_t control_answer_bytes = 64U << 20U;
/// Running attempts that a status lists.
inline constexpr std::size_t control_attempts = 1'000;
/// Time for a request and its answer. A slower connection is closed.
inline constexpr Duration control_request = std::chrono::seconds(5);
/// Concurrent connections. A further one closes the oldest.
inline constexpr int control_connections = 16;
/// Bytes of a stream of output that `rollcall follow` gets in one line.
inline constexpr std::size_t followed_part_bytes = 48U << 10U;
/// Bytes of unread output, of each stream, that are kept for a follower when an attempt ends.
inline constexpr std::size_t followed_end_bytes = 4U << 20U;
/// When the run is over, it waits this long for followers of its last tasks to read the rest, and
/// less if they read nothing for the second time.
inline constexpr Duration followed_rest = std::chrono::seconds(5);
inline constexpr Duration followed_idle = std::chrono::seconds(1);
inline constexpr Duration followed_poll = std::chrono::milliseconds(10);
/// Sockets that the client tries when no path is given. Others are ignored.
inline constexpr std::size_t control_sockets = 1'000;
/// Delay before accepting again after an error, for example too many open files.
inline constexpr Duration control_accept_retry = std::chrono::milliseconds(100);

}  // namespace rollcall::limits
