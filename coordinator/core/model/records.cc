#include "coordinator/core/model/records.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {

std::string_view to_string(CollectionMethod method) {
  switch (method) {
    case CollectionMethod::gather:
      return "gather";
    case CollectionMethod::as_complete:
      return "as-complete";
    case CollectionMethod::wait:
      return "wait";
    case CollectionMethod::cancelled:
      break;
  }
  return "cancelled";
}

KindTraits traits_of(KindId kind) {
  if (kind == KindId::exec) return {false, true, true};
  return {};
}

RunRecords::RunRecords(const RunSpec& run)
    : spec(run),
      dispatch(run.task_count, kNoDispatch),
      attempt(run.task_count, 0),
      state(run.task_count, static_cast<std::uint8_t>(TaskState::pending)) {
  task.reserve(run.task_count);
  started.reserve(run.task_count);
  elapsed.reserve(run.task_count);
}

void RunRecords::add_tasks(std::uint32_t count, Instant at) {
  CHECK(spec.is_open && count <= limits::task_count - spec.task_count);
  if (count == 0) return;
  last_added = at;
  spec.task_count += count;
  dispatch.resize(spec.task_count, kNoDispatch);
  attempt.resize(spec.task_count, 0);
  state.resize(spec.task_count, static_cast<std::uint8_t>(TaskState::pending));
}

void RunRecords::close(const std::string& error) {
  CHECK(spec.is_open);
  spec.is_open = false;
  input_error = error;
}

AttemptCounts SessionRecord::attempts() const {
  std::uint64_t open = begun - std::min(begun, ended);
  if (slots > 0) open = std::min<std::uint64_t>(open, slots);
  if (end == SessionEnd::none) return {ended, 0, open};
  return {ended, open, 0};
}

AttemptCounts RunRecords::attempts() const {
  AttemptCounts all;
  for (const SessionRecord& session : sessions) {
    const AttemptCounts counts = session.attempts();
    all.finished += counts.finished;
    all.lost += counts.lost;
    all.running += counts.running;
  }
  return all;
}

Duration RunRecords::measured() const {
  return first_dispatch && last_accepted ? *last_accepted - *first_dispatch : Duration::zero();
}

}  // namespace rollcall::coordinator
