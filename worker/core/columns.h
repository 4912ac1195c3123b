// Slices of columns, and columns appended to others.
#pragma once

#include <cstddef>
#include <vector>

#include "common/model/task.h"

namespace rollcall::worker {

template <class T>
std::vector<T> slice(const std::vector<T>& column, std::size_t begin, std::size_t count) {
  const auto first = column.begin() + static_cast<std::ptrdiff_t>(begin);
  return {first, first + static_cast<std::ptrdiff_t>(count)};
}

inline AttemptColumns slice(const AttemptColumns& all, std::size_t begin, std::size_t count) {
  return {slice(all.task, begin, count),
          slice(all.attempt, begin, count),
          slice(all.pause, begin, count),
          slice(all.command, begin, all.command.empty() ? 0 : count),
          {},
          slice(all.job, begin, all.job.empty() ? 0 : count)};
}

inline OutcomeColumns slice(const OutcomeColumns& all, std::size_t begin, std::size_t count) {
  return {slice(all.task, begin, count),
          slice(all.attempt, begin, count),
          slice(all.outcome, begin, count),
          slice(all.started, begin, count),
          slice(all.elapsed, begin, count),
          slice(all.result, begin, count),
          slice(all.command, begin, all.command.empty() ? 0 : count)};
}

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

inline void append(OutcomeColumns& to, const OutcomeColumns& from) {
  if (!to.command.empty() || !from.command.empty()) {
    to.command.resize(to.size());
    append(to.command, from.command);
    to.command.resize(to.size() + from.size());
  }
  append(to.task, from.task);
  append(to.attempt, from.attempt);
  append(to.outcome, from.outcome);
  append(to.started, from.started);
  append(to.elapsed, from.elapsed);
  append(to.result, from.result);
}

}  // namespace rollcall::worker
