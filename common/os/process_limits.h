// What the system lets this process have.
#pragma once

#include <cstdint>

namespace rollcall::os {

/// Open file descriptors that this process may have.
struct DescriptorLimit {
  std::uint64_t inherited = 0;  ///< at the start; what commands that we start should get back
  std::uint64_t raised = 0;     ///< in force now
};

/// Raises the soft limit to the hard one (at most limits::descriptors), as every connection costs a
/// descriptor. Where the system refuses, the limit stays as it is. Call it once, at the start.
DescriptorLimit raise_descriptor_limit();

}  // namespace rollcall::os
