#include "coordinator/commands/report.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/os/clock.h"
#include "coordinator/commands/exec_input.h"
#include "coordinator/core/analysis/summary.h"
#include "coordinator/core/analysis/validation.h"
#include "coordinator/journal/journal.h"
#include "coordinator/output/format/summary_text.h"
#include "coordinator/output/output.h"
#include "coordinator/run/saved_options.h"

namespace rollcall::coordinator {
namespace {

/// A run as its journal has it.
struct StoredRun {
  JournalContent content;
  std::vector<std::uint32_t> order;
  Summary summary;
  std::unique_ptr<ExecRun> exec;  ///< null: no commands

  bool finished() const { return content.account.has_value(); }
};

/// What came of the commands of `run`, if it is a run of commands.
Result<void> read_commands(Journal& journal, const std::string& path, StoredRun& run) {
  const RunRecords& records = run.content.records;
  if (records.spec.kind != KindId::exec) return {};
  // Cut short, perhaps before its input was kept.
  if (!run.finished() && records.accepted() == 0) return {};
  const auto options = saved_options(path, [](const char*) { return nullptr; });
  if (!options) return options.error();
  auto commands = commands_of(std::get<ExecOptions>(options->options));
  if (!commands) return commands.error();
  run.exec = std::make_unique<ExecRun>(std::move(*commands), records.spec.id);
  auto read = journal.read_commands([&](std::uint64_t record, CommandResult result) {
    if (record < records.accepted()) run.exec->replay(records, record, std::move(result));
  });
  if (read) run.exec->replay(records, records.accepted());
  return read;
}

/// `with_commands`: also what came of them.
Result<StoredRun> read_run(const std::string& path, bool with_commands) {
  const auto journal = Journal::open_to_read(path);
  if (!journal) return journal.error();
  auto content = (*journal)->load();
  if (!content) return content.error();
  StoredRun run{std::move(*content), {}, {}, nullptr};
  const RunRecords& records = run.content.records;
  run.order = finish_order(records);
  run.summary = summarize(records, run.order);
  const Instant before = os::now();
  run.summary.failed_checks = validate(records, run.order, run.summary.lower_bound);
  run.summary.validation = os::now() - before;
  if (with_commands) {
    if (auto read = read_commands(**journal, path, run); !read) return read.error();
  }
  return run;
}

void restore_account(const FinalAccount& account, Summary& summary) {
  summary.startup = account.startup;
  summary.planning = account.planning;
  summary.validation = account.validation;
  summary.coordinator = account.coordinator;
}

int give_up(const std::string& command, const std::string& why, int status) {
  std::fprintf(stderr, "rollcall %s: %s\n", command.c_str(), why.c_str());
  return status;
}

void say_unfinished(const std::string& command, const RunRecords& records) {
  std::fprintf(stderr, "rollcall %s: the run is not finished: %zu of %u tasks have an outcome\n",
               command.c_str(), records.accepted(), records.spec.task_count);
}

int write(Output& output, const StoredRun& run) {
  output.finished(run.summary, run.order);
  output.flush();
  return output.failed().empty() ? 0 : give_up("report", output.failed(), 6);
}

}  // namespace

int run_report(const ReportOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  auto run = read_run(options.journal, true);
  if (!run) return give_up("report", run.error().message, cli::kUsageStatus);
  const RunRecords& records = run->content.records;
  if (run->finished()) {
    restore_account(*run->content.account, run->summary);
  } else {
    say_unfinished("report", records);
  }
  int status = 0;
  if (options.output == OutputFormat::json) {
    status = write(*make_json_output(records, STDOUT_FILENO, run->exec.get()), *run);
  } else if (run->finished() && records.spec.kind == KindId::sleep) {
    status = write(*make_text_output(records, STDOUT_FILENO, false), *run);
  }
  if (options.output == OutputFormat::text && !run->finished()) {
    run->summary.failed_checks.clear();  // that tasks have no outcome yet is said
  }
  if (run->exec) std::fputs(run->exec->failures_text(records).c_str(), stderr);
  print_summary(STDERR_FILENO, records, run->summary, false);
  return status;
}

int run_validate(const ValidateOptions& options) {
  auto run = read_run(options.journal, false);
  if (!run) return give_up("validate", run.error().message, cli::kUsageStatus);
  const RunRecords& records = run->content.records;
  if (!run->finished()) {
    say_unfinished("validate", records);
    return 3;
  }
  const bool valid = run->summary.validated();
  std::fputs(failed_checks_text(run->summary).c_str(), stderr);
  std::printf("%u async tasks %s in %.2f seconds.\n", records.spec.task_count,
              valid ? "validated" : "failed validation", to_seconds(run->summary.validation));
  if (std::fflush(stdout) != 0) {
    return give_up("validate", "standard output cannot be written", 6);
  }
  return valid ? 0 : 3;
}

}  // namespace rollcall::coordinator
