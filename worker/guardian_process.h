// The guardian's side of worker/guardian.h: the loop of its process.
#pragma once

#include <cstdint>

namespace rollcall::worker {

/// Becomes the guardian of the process at the other ends of these sockets; ends when that does. To
/// be called in a child of fork() with every signal blocked. Allocates no memory by malloc and
/// takes no lock, so the parent may have had threads. `descriptors`: the limit that commands get.
[[noreturn]] void guard(int socket, int signals, std::uint64_t descriptors);

}  // namespace rollcall::worker
