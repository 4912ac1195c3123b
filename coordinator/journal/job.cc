#include "coordinator/journal/job.h"

#include "common/base/check.h"
#include "common/limits.h"
#include "coordinator/journal/journal.h"
#include "coordinator/journal/statements.h"

namespace rollcall::coordinator {
namespace {

constexpr std::int64_t kJob = 1;

constexpr const char* kSelectJob =
    "SELECT job, kind, state, task_count, input_error, source, last_added_ns FROM "
    "job";
/// The same columns of a journal of version 1.
constexpr const char* kSelectOldJob = "SELECT 1, kind, 'closed', task_count, '', '', NULL FROM run";

StoredJob job_of(sqlite::Check& check, const sqlite::Statement& rows, Duration shift) {
  const sqlite::Columns row(check, rows, shift);
  StoredJob job;
  const std::optional<KindId> kind = kind_named(rows.text(1));
  check.require(kind.has_value(), "unknown name: " + rows.text(1));
  job.kind = kind.value_or(KindId{});
  const std::string state = rows.text(2);
  job.is_open = state == job_state(true);
  check.require(job.is_open || state == job_state(false), "unknown name: " + state);
  job.task_count = row.number<std::uint32_t>(3, limits::task_count);
  job.input_error = rows.text(4);
  job.source = rows.text(5);
  job.last_added = row.optional_instant(6);
  return job;
}

/// Requires one segment with all tasks, or no segment if there are no tasks.
void check_segments(sqlite::Check& check, std::uint32_t task_count) {
  sqlite::Statement rows = check.query("SELECT first, count, job, first_index FROM segment");
  std::int64_t count = 0;
  if (check.next(rows)) {
    count = rows.integer(1);
    const bool is_first = rows.integer(0) == 0 && rows.integer(2) == kJob && rows.integer(3) == 0;
    check.require(is_first && count > 0 && !check.next(rows), "inconsistent segments");
  }
  check.require(count == task_count, "the segments do not have all tasks");
}

}  // namespace

std::string_view job_state(bool is_open) {
  return is_open ? "open" : "closed";
}

StoredJob read_job(sqlite::Check& check, std::int64_t version, Duration shift) {
  const bool is_current = version > 1;
  StoredJob job;
  {
    sqlite::Statement rows = check.query(is_current ? kSelectJob : kSelectOldJob);
    if (!check.require(check.next(rows) && rows.integer(0) == kJob, "the job is missing")) {
      return job;
    }
    job = job_of(check, rows, shift);
    check.require(!check.next(rows), "there is more than one job");
  }
  if (is_current) check_segments(check, job.task_count);
  return job;
}

bool insert_job(sqlite::Database& database, const RunSpec& spec, const std::string& source) {
  auto job = database.prepare("INSERT INTO job VALUES (?, ?, ?, ?, '', ?, NULL)");
  if (!job || !job->run(kJob, to_string(spec.kind), job_state(spec.is_open),
                        std::int64_t{spec.task_count}, std::string_view(source))) {
    return false;
  }
  if (spec.task_count == 0) return true;
  auto segment = database.prepare("INSERT INTO segment VALUES (0, ?, ?, 0)");
  return segment && segment->run(std::int64_t{spec.task_count}, kJob);
}

bool Journal::write(const CommittedTasks& committed, RunSpec& spec) {
  CHECK(spec.is_open && committed.count <= limits::task_count - spec.task_count);
  spec.task_count += committed.count;
  spec.is_open = !committed.is_last;
  if (!committed.text.empty() && !append_input(committed.text)) return false;
  const auto extend = [&] { return statements_->segment.run(std::int64_t{committed.count}, kJob); };
  if (committed.count > 0 && !change_rows(Part::segment, statements_->select_segment, extend)) {
    return false;
  }
  std::optional<std::int64_t> at;
  if (committed.count > 0) at = to_ns(epoch_->in_run(committed.at));
  const auto update = [&] {
    return statements_->job.run(std::int64_t{spec.task_count}, job_state(spec.is_open),
                                std::string_view(committed.error), at, kJob);
  };
  return change_rows(Part::job, statements_->select_job, update, kJob);
}

}  // namespace rollcall::coordinator
