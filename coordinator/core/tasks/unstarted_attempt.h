// Attempts that never began.
#pragma once

#include <cstdint>

#include "common/model/ids.h"

namespace rollcall::coordinator {

/// An attempt that was returned, or could not be started.
struct UnstartedAttempt {
  TaskId task{};
  std::uint32_t dispatch = 0;  ///< index of its Dispatch in RunRecords
};

}  // namespace rollcall::coordinator
