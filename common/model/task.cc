#include "common/model/task.h"

#include <array>

#include "common/base/check.h"

namespace rollcall {

std::string_view to_string(Outcome outcome) {
  static constexpr std::array<std::string_view, kOutcomeCount> names = {
      "succeeded", "failed", "timed_out", "cancelled", "lost", "not_started", "returned"};
  const auto i = static_cast<std::size_t>(outcome);
  CHECK(i < names.size());
  return names[i];
}

void append(HeldColumns& to, const HeldColumns& from) {
  to.task.insert(to.task.end(), from.task.begin(), from.task.end());
  to.attempt.insert(to.attempt.end(), from.attempt.begin(), from.attempt.end());
}

void AttemptColumns::clear() {
  task.clear();
  attempt.clear();
  pause.clear();
  command.clear();
  number.clear();
  job.clear();
}

void OutcomeColumns::clear() {
  task.clear();
  attempt.clear();
  outcome.clear();
  started.clear();
  elapsed.clear();
  result.clear();
  command.clear();
  is_final.clear();
}

void OutcomeColumns::reserve(std::size_t n) {
  task.reserve(n);
  attempt.reserve(n);
  outcome.reserve(n);
  started.reserve(n);
  elapsed.reserve(n);
  result.reserve(n);
}

void OutcomeColumns::resize(std::size_t n) {
  task.resize(n);
  attempt.resize(n);
  outcome.resize(n);
  started.resize(n);
  elapsed.resize(n);
  result.resize(n);
  if (!command.empty()) command.resize(n);
}

void OutcomeColumns::push_back(TaskId t, Attempt a, Outcome o, Instant start, Duration ran,
                               Duration value) {
  task.push_back(t);
  attempt.push_back(a);
  outcome.push_back(o);
  started.push_back(start);
  elapsed.push_back(ran);
  result.push_back(value);
  if (!command.empty()) command.emplace_back();
}

}  // namespace rollcall
