#include "coordinator/commands/stored_run.h"

#include <cstdio>
#include <utility>

#include "common/os/clock.h"
#include "coordinator/core/analysis/validation.h"
#include "coordinator/run/saved_run.h"

namespace rollcall::coordinator {

Result<StoredRun> read_run(const std::string& path) {
  const auto journal = Journal::open_to_read(path);
  if (!journal) return journal.error();
  auto content = (*journal)->load();
  if (!content) return content.error();
  StoredRun run{std::move(*content), {}, {}};
  const RunRecords& records = run.content.records;
  run.order = finish_order(records);
  run.summary = summarize(records, run.order);
  run.summary.finished = run.finished();
  run.summary.started = Duration((*journal)->run().created);
  const Instant before = os::now();
  if (run.summary.finished) {
    run.summary.failed_checks = validate(records, run.order, run.summary.lower_bound);
  }
  run.summary.validation = os::now() - before;
  return run;
}

Result<std::unique_ptr<TaskKind>> read_kind(const std::string& path, const StoredRun& run) {
  auto saved = saved_run(path, [](const char*) { return nullptr; });
  if (!saved) return saved.error();
  const auto journal = Journal::open_to_read(path);
  if (!journal) return journal.error();
  auto replayed = saved->kind->replay(**journal, run.content.records, run.finished());
  if (!replayed) return replayed.error();
  return std::move(saved->kind);
}

int give_up(const std::string& command, const std::string& why, int status) {
  std::fprintf(stderr, "rollcall %s: %s\n", command.c_str(), why.c_str());
  return status;
}

void report_unfinished(const std::string& command, const RunRecords& records) {
  std::fprintf(stderr, "rollcall %s: the run is not finished: %zu of %u tasks%s have an outcome\n",
               command.c_str(), records.accepted(), records.spec.task_count,
               records.spec.is_open ? " so far" : "");
}

}  // namespace rollcall::coordinator
