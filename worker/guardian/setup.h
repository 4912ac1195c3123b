// Sets up the process of a guardian, right after fork().
#pragma once

#include <cstdint>

namespace rollcall::worker {

/// Turns a forked worker into a subreaper in a new session: no signal is handled or ignored, and no
/// file of the worker stays open except the two sockets, which become the descriptors of
/// worker/guardian/protocol.h. If it is stopped, the end of the calling thread continues it.
/// `descriptors` becomes the limit of open files.
void set_up_guardian(int socket, int signals, std::uint64_t descriptors);

}  // namespace rollcall::worker
