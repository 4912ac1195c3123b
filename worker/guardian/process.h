// The guardian's side of worker/guardian/guardian.h: the loop of its process.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall::worker {

struct GuardianTerms {
  std::uint64_t descriptors = 0;   ///< the limit that commands get
  std::uint32_t most = 1;          ///< commands that run at once
  std::ptrdiff_t groups_left = 1;  ///< see limits::groups_left
};

/// A guardian needs no more address space at its start; for long commands it does.
inline constexpr std::size_t kGuardianBytes = std::size_t{2} << 20U;

/// Becomes a guardian of the process at the other ends of these sockets; ends when that does. To
/// be called in a child of fork() with every signal blocked. Allocates no memory by malloc and
/// takes no lock, so the parent may have had threads.
[[noreturn]] void guard(int socket, int signals, const GuardianTerms& terms);

}  // namespace rollcall::worker
