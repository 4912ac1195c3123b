// Attempts by task and number.
#pragma once

#include <cstddef>
#include <set>
#include <utility>

#include "common/model/task.h"

namespace rollcall::worker {

using AttemptSet = std::set<std::pair<TaskId, Attempt>>;

inline AttemptSet set_of(const HeldColumns& attempts) {
  AttemptSet set;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    set.emplace(attempts.task[i], attempts.attempt[i]);
  }
  return set;
}

}  // namespace rollcall::worker
