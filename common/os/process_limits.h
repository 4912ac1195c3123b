// What the system lets this process have.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/result.h"

namespace rollcall::os {

/// Open file descriptors that this process may have.
struct DescriptorLimit {
  std::uint64_t inherited = 0;  ///< at the start; what commands that we start should get back
  std::uint64_t raised = 0;     ///< in force now
};

/// Raises the soft limit to the hard one (at most limits::descriptors), as every connection costs a
/// descriptor. Where the system refuses, the limit stays as it is. Call it once, at the start.
DescriptorLimit raise_descriptor_limit();

/// The error is permanent, one line for the user: the stack is too small (ulimit -s), which would
/// otherwise end in a crash. Call it at the start.
[[nodiscard]] Result<void> check_stack_limit();

/// The error is permanent, one line for the user: this process may not have `count` more threads
/// (ulimit -u), without which ZeroMQ aborts.
[[nodiscard]] Result<void> check_thread_limit(std::size_t count);

}  // namespace rollcall::os
