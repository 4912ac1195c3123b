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

inline HeldColumns without(const HeldColumns& attempts, const AttemptSet& removed) {
  HeldColumns rest;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (removed.contains({attempts.task[i], attempts.attempt[i]})) continue;
    rest.task.push_back(attempts.task[i]);
    rest.attempt.push_back(attempts.attempt[i]);
  }
  return rest;
}

}  // namespace rollcall::worker
