// Which tasks count as failed.
#pragma once

#include "common/model/task.h"

namespace rollcall::coordinator {

/// Neither succeeded nor cancelled. Requires the outcome of a task.
constexpr bool has_failed(Outcome outcome) {
  return outcome != Outcome::succeeded && outcome != Outcome::cancelled;
}

}  // namespace rollcall::coordinator
