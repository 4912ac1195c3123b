// The process of a guardian: its main function.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall::worker {

struct GuardianTerms {
  std::uint64_t descriptors = 0;   ///< the limit of open files that commands get
  std::uint32_t most = 1;          ///< commands to run at once
  std::uint32_t first_slot = 1;    ///< ROLLCALL_SLOT of a command that runs alone
  std::ptrdiff_t groups_left = 1;  ///< see limits::groups_left
};

/// Address space that a guardian needs at its start. Long commands need more.
inline constexpr std::size_t kGuardianBytes = std::size_t{2} << 20U;

/// Turns this process into a guardian of the process at the other ends of these sockets, and ends
/// with it. Call it in a child of fork() with every signal blocked. It neither calls malloc nor
/// takes a lock, so the parent may have threads.
[[noreturn]] void guard(int socket, int signals, const GuardianTerms& terms);

}  // namespace rollcall::worker
