#include <algorithm>
#include <limits>
#include <vector>

#include "common/base/check.h"
#include "common/limits.h"
#include "common/wire/bodies.h"
#include "common/wire/column_forms.h"

namespace rollcall::wire {
namespace {

static_assert(static_cast<int>(rollcall::Outcome::not_started) + 1 == OUTCOME_NOT_STARTED);
static_assert(static_cast<int>(rollcall::Outcome::returned) + 1 == OUTCOME_RETURNED);

constexpr std::uint64_t kLongestPauseNs =
    static_cast<std::uint64_t>(limits::longest_duration.count());
constexpr std::uint64_t kTimeEnd = static_cast<std::uint64_t>(kTimeBound);

constexpr std::uint32_t to_number(JobId job) {
  return static_cast<std::uint32_t>(job);
}

/// Leaves the column empty if all are kFirstJob.
bool take_job_numbers(const RepeatedField<std::uint32_t>& in, std::size_t n,
                      std::vector<JobId>& column) {
  column.clear();
  const auto is_first = [](std::uint32_t job) { return JobId{job} == kFirstJob; };
  const auto size = static_cast<std::size_t>(in.size());
  if ((size <= 1 || size == n) && std::all_of(in.begin(), in.end(), is_first)) return size <= n;
  return take_short(
      in, n, kFirstJob, column, [](std::uint32_t job) { return job > 0; },
      [](std::uint32_t job) { return JobId{job}; });
}

/// Durations below `end` ns.
bool take_durations(const RepeatedField<std::uint64_t>& in, std::size_t n, std::uint64_t end,
                    std::vector<Duration>& column) {
  return take_short(
      in, n, Duration{}, column, [=](std::uint64_t ns) { return ns < end; },
      [](std::uint64_t ns) { return Duration(static_cast<std::int64_t>(ns)); });
}

void put_ranges(const std::vector<TaskId>& task, Assignment& out) {
  const std::size_t n = task.size();
  auto& firsts = *out.mutable_range_first_delta();
  auto& counts = *out.mutable_range_count();
  firsts.Reserve(static_cast<int>(n));
  counts.Reserve(static_cast<int>(n));
  std::size_t end = 0;
  for (std::size_t i = 0, j = 0; i < n; i = j) {
    const std::size_t first = index(task[i]);
    for (j = i + 1; j < n && index(task[j]) == first + (j - i);) ++j;
    firsts.AddAlreadyReserved(static_cast<std::int64_t>(first - end));
    counts.AddAlreadyReserved(static_cast<std::uint32_t>(j - i));
    end = first + (j - i);
  }
  if (static_cast<std::size_t>(counts.size()) == n) counts.Clear();
}

Problem take_ranges(const Assignment& in, std::vector<TaskId>& task) {
  const auto& firsts = in.range_first_delta();
  const auto& counts = in.range_count();
  const int ranges = firsts.size();
  if (counts.size() > ranges || (counts.size() > 1 && counts.size() != ranges))
    return "assignment: columns differ in length";
  const auto count_of = [&](int range) -> std::uint64_t {
    return counts.empty() ? 1 : counts.Get(counts.size() == 1 ? 0 : range);
  };
  std::uint64_t n = 0;
  // Count before expanding: a few bytes could name four billion tasks.
  for (int range = 0; range < ranges; ++range) {
    if (count_of(range) == 0) return "assignment: empty range";
    n += count_of(range);
    if (n > limits::assignment_attempts) return "assignment: too many attempts";
  }
  task.resize(n);
  std::uint64_t id = 0;
  std::size_t row = 0;
  bool good = true;
  for (int range = 0; range < ranges; ++range) {
    id += static_cast<std::uint64_t>(firsts.Get(range));  // modulo 2^64: the input is untrusted
    const std::uint64_t count = count_of(range);
    good &= id <= kLargestTask && id + count - 1 <= kLargestTask;
    for (const std::uint64_t end = id + count; id != end;) task[row++] = task_at(id++);
  }
  return good ? nullptr : "assignment: task id out of range";
}

/// The columns of a report that are encoded as differences.
Problem take_deltas(const Report& in, OutcomeColumns& rows) {
  const auto n = static_cast<std::size_t>(in.task_delta_size());
  if (static_cast<std::size_t>(in.started_delta_ns_size()) != n)
    return "report: columns differ in length";
  rows.task.resize(n);
  rows.started.resize(n);
  std::uint64_t task = 0;
  std::uint64_t started = 0;
  bool good_tasks = true;
  bool good_starts = true;
  for (std::size_t i = 0; i < n; ++i) {
    // Modulo 2^64: the input is untrusted.
    task += static_cast<std::uint64_t>(in.task_delta().data()[i]);
    started += static_cast<std::uint64_t>(in.started_delta_ns().data()[i]);
    good_tasks &= task <= kLargestTask;
    good_starts &= started + (kTimeEnd - 1) < 2 * kTimeEnd - 1;
    rows.task[i] = static_cast<TaskId>(task);
    rows.started[i] = instant_from_ns(static_cast<std::int64_t>(started));
  }
  if (!good_tasks) return "report: task id out of range";
  return good_starts ? nullptr : "report: start out of range";
}

}  // namespace

void put(const rollcall::Assignment& from, Assignment& out) {
  const AttemptColumns& rows = from.attempts;
  CHECK(rows.size() <= limits::assignment_attempts);
  CHECK(rows.attempt.size() == rows.size() && rows.pause.size() == rows.size());
  out.set_number(from.number);
  put_ranges(rows.task, out);
  put_short(rows.attempt, Attempt{1}, *out.mutable_attempt(),
            [](Attempt attempt) -> std::uint32_t { return attempt; });
  CHECK(rows.job.empty() || rows.job.size() == rows.size());
  put_short(rows.pause, Duration{}, *out.mutable_pause_ns(), ns_to_wire);
  put_short(rows.job, kFirstJob, *out.mutable_job(), [](JobId job) { return to_number(job); });
  put_commands(rows, out);
  put_jobs(from, out);
}

Problem take(const Assignment& in, rollcall::Assignment& to) {
  to.number = in.number();
  if (to.number == 0) return "assignment: no number";
  AttemptColumns& rows = to.attempts;
  if (const Problem problem = take_ranges(in, rows.task)) return problem;
  if (!take_attempts(in.attempt(), rows.size(), rows.attempt))
    return "assignment: invalid attempt numbers";
  if (!take_durations(in.pause_ns(), rows.size(), kLongestPauseNs + 1, rows.pause))
    return "assignment: invalid sleep durations";
  if (!take_job_numbers(in.job(), rows.size(), rows.job)) return "assignment: invalid job numbers";
  if (const Problem problem = take_jobs(in, to)) return problem;
  return take_commands(in, rows);
}

void put(const HeldColumns& from, Inventory& out) {
  CHECK(from.size() <= limits::inventory_attempts && from.attempt.size() == from.size());
  put_held(from, out);
}

void put(const HeldColumns& from, Cancel& out) {
  CHECK(from.size() <= limits::cancel_attempts && from.attempt.size() == from.size());
  put_held(from, out);
}

Problem take(const Cancel& in, HeldColumns& to) {
  const auto n = static_cast<std::size_t>(in.task_delta_size());
  if (n > limits::cancel_attempts) return "cancel: too many attempts";
  if (!take_task_deltas(in.task_delta(), to.task)) return "cancel: task id out of range";
  return take_attempts(in.attempt(), n, to.attempt) ? nullptr : "cancel: invalid attempt numbers";
}

Problem take(const Inventory& in, HeldColumns& to) {
  const auto n = static_cast<std::size_t>(in.task_delta_size());
  if (n > limits::inventory_attempts) return "inventory: too many attempts";
  if (!take_task_deltas(in.task_delta(), to.task)) return "inventory: task id out of range";
  const bool fits = take_short(
      in.attempt(), n, Attempt{1}, to.attempt, [](std::uint32_t a) { return a <= 0xffff; },
      [](std::uint32_t a) { return static_cast<Attempt>(a); });
  return fits ? nullptr : "inventory: invalid attempt numbers";
}

void put(const rollcall::Report& from, Report& out) {
  const OutcomeColumns& rows = from.outcomes;
  const std::size_t n = rows.size();
  CHECK(n <= limits::report_outcomes);
  CHECK(rows.attempt.size() == n && rows.outcome.size() == n && rows.started.size() == n);
  CHECK(rows.elapsed.size() == n && rows.result.size() == n);
  out.set_number(from.number);
  out.set_assignments_received(from.assignments_received);
  out.set_started_count(from.started_count);
  out.set_draining(from.draining);
  out.set_window_received(from.window_received);
  std::int64_t* task = grow(*out.mutable_task_delta(), n);
  std::int64_t* started = grow(*out.mutable_started_delta_ns(), n);
  std::uint64_t* elapsed = grow(*out.mutable_elapsed_ns(), n);
  std::uint64_t task_before = 0;
  std::uint64_t start_before = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto start = static_cast<std::uint64_t>(to_ns(rows.started[i]));
    task[i] = static_cast<std::int64_t>(index(rows.task[i]) - task_before);
    started[i] = static_cast<std::int64_t>(start - start_before);
    elapsed[i] = ns_to_wire(rows.elapsed[i]);
    task_before = index(rows.task[i]);
    start_before = start;
  }
  put_short(rows.attempt, Attempt{1}, *out.mutable_attempt(),
            [](Attempt attempt) -> std::uint32_t { return attempt; });
  put_short(rows.outcome, rollcall::Outcome::succeeded, *out.mutable_outcome(),
            [](rollcall::Outcome outcome) -> int {
              CHECK(outcome != rollcall::Outcome::lost);
              return to_wire<Outcome>(outcome);
            });
  put_short(rows.result, Duration{}, *out.mutable_result_ns(), ns_to_wire);
  put_results(rows, out);
}

Problem take(const Report& in, rollcall::Report& to) {
  to.number = in.number();
  if (to.number == 0) return "report: no number";
  to.assignments_received = in.assignments_received();
  to.started_count = in.started_count();
  to.draining = in.draining();
  to.window_received = in.window_received();
  OutcomeColumns& rows = to.outcomes;
  const auto n = static_cast<std::size_t>(in.task_delta_size());
  if (n > limits::report_outcomes) return "report: too many outcomes";
  if (const Problem problem = take_deltas(in, rows)) return problem;
  if (!take_attempts(in.attempt(), n, rows.attempt)) return "report: invalid attempt numbers";
  const bool outcomes = take_short(
      in.outcome(), n, rollcall::Outcome::succeeded, rows.outcome,
      [](int o) { return o != OUTCOME_UNSPECIFIED && Outcome_IsValid(o); },
      [](int o) { return static_cast<rollcall::Outcome>(o - 1); });
  if (!outcomes) return "report: invalid outcomes";
  if (static_cast<std::size_t>(in.elapsed_ns_size()) != n)
    return "report: columns differ in length";
  if (!take_durations(in.elapsed_ns(), n, kTimeEnd, rows.elapsed))
    return "report: invalid elapsed times";
  if (!take_durations(in.result_ns(), n, kTimeEnd, rows.result)) return "report: invalid results";
  return take_results(in, rows);
}

}  // namespace rollcall::wire
