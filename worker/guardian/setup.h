// What a new guardian does before anything else.
#pragma once

#include <cstdint>

namespace rollcall::worker {

/// Turns a forked worker into a process of its own: a subreaper in a new session, with no signal
/// handled or ignored, nothing of the worker's open but its ends of the two sockets, which move to
/// where worker/guardian/protocol.h has them, and `descriptors` as its limit.
void set_up_guardian(int socket, int signals, std::uint64_t descriptors);

}  // namespace rollcall::worker
