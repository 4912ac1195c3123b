#include "coordinator/commands/report.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "coordinator/commands/report_failed.h"
#include "coordinator/commands/stored_run.h"
#include "coordinator/core/analysis/summary.h"
#include "coordinator/output/output.h"
#include "coordinator/output/print_summary.h"
#include "coordinator/view/run_document.h"
#include "coordinator/view/summary_text.h"

namespace rollcall::coordinator {
namespace {

void restore_account(const FinalAccount& account, Summary& summary) {
  summary.startup = account.startup;
  summary.planning = account.planning;
  summary.validation = account.validation;
  summary.coordinator = account.coordinator;
  summary.exit_status = account.exit_status;
}

/// The members about the validation in the document of the run, under another schema.
nlohmann::ordered_json validation_document(const StoredRun& run) {
  Summary summary = run.summary;
  if (run.finished()) restore_account(*run.content.account, summary);
  summary.validation = run.summary.validation;  // of this time
  const auto whole = run_document(run.content.records, summary, KindDisplay());
  nlohmann::ordered_json document = {{"schema", "rollcall/validation/1"}};
  for (const char* name :
       {"run_id", "kind", "task_count", "version", "started_at", "finished", "exit_status",
        "reason", "validated", "validation_seconds", "failed_checks"}) {
    document[name] = whole.at(name);
  }
  return document;
}

int write(Output& output, const StoredRun& run) {
  output.finished(run.summary, run.order);
  output.drain();
  return output.failed().empty() ? 0 : give_up("report", output.failed(), 6);
}

}  // namespace

int run_report(const ReportOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  if (options.failed) return report_failed(options);
  if (is_results_file(options.journal)) {
    return give_up("report",
                   options.journal + " is a results file: expected a journal, or --failed with it",
                   cli::kUsageStatus);
  }
  auto run = read_run(options.journal);
  if (!run) return give_up("report", run.error().message, cli::kUsageStatus);
  const auto kind = read_kind(options.journal, *run);
  if (!kind) return give_up("report", kind.error().message, cli::kUsageStatus);
  run->content.records.spec.name = (*kind)->options().name;
  const RunRecords& records = run->content.records;
  if (run->finished()) {
    restore_account(*run->content.account, run->summary);
  } else {
    report_unfinished("report", records);
    run->summary.has_account = false;
  }
  const KindDisplay& display = (*kind)->display();
  int status = 0;
  if (options.format == ReportFormat::json) {
    status = write(*make_json_output(records, STDOUT_FILENO, display), *run);
  } else if (run->finished()) {
    status = write(*(*kind)->make_text_report(records), *run);
  }
  print_summary(STDERR_FILENO, records, run->summary, display, SummaryStyle::full, false);
  return status;
}

int run_validate(const ValidateOptions& options) {
  auto run = read_run(options.journal);
  if (!run) return give_up("validate", run.error().message, cli::kUsageStatus);
  const RunRecords& records = run->content.records;
  const bool valid = run->finished() && run->summary.validated();
  if (options.output == OutputFormat::json) {
    const bool written = std::puts(dump(validation_document(*run), 2).c_str()) >= 0;
    if (!written || std::fflush(stdout) != 0) {
      return give_up("validate", "cannot write standard output", 6);
    }
    return valid ? 0 : 3;
  }
  if (!run->finished()) {
    report_unfinished("validate", records);
    return 3;
  }
  std::fputs(failed_checks_text(run->summary).c_str(), stderr);
  std::printf("%u async tasks %s in %.2f seconds.\n", records.spec.task_count,
              valid ? "validated" : "failed validation", to_seconds(run->summary.validation));
  if (std::fflush(stdout) != 0) {
    return give_up("validate", "cannot write standard output", 6);
  }
  return valid ? 0 : 3;
}

}  // namespace rollcall::coordinator
