// `rollcall`: splits a run over workers and gathers its results.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <variant>

#include "common/os/clock.h"
#include "common/os/memory.h"
#include "common/os/process_limits.h"
#include "common/os/standard_streams.h"
#include "coordinator/commands/command_line.h"
#include "coordinator/commands/control.h"
#include "coordinator/commands/follow.h"
#include "coordinator/commands/keys.h"
#include "coordinator/commands/output.h"
#include "coordinator/commands/report.h"
#include "coordinator/commands/resume.h"
#include "coordinator/run/run.h"

namespace {

using namespace rollcall;
using namespace rollcall::coordinator;

struct Run {
  Instant started;

  int operator()(const std::unique_ptr<TaskKind>& kind) const { return run_tasks(*kind, started); }
  int operator()(const ResumeOptions& options) const { return run_resume(options, started); }
  int operator()(const KeysOptions& options) const { return make_keys(options); }
  int operator()(const StatusOptions& options) const { return run_status(options, std::getenv); }
  int operator()(const FollowOptions& options) const { return run_follow(options, std::getenv); }
  int operator()(const DrainOptions& options) const { return run_drain(options, std::getenv); }
  int operator()(const CancelOptions& options) const { return run_cancel(options, std::getenv); }
  int operator()(const PauseOptions& options) const { return run_pause(options, std::getenv); }
  int operator()(const SlotsOptions& options) const { return run_slots(options, std::getenv); }
  int operator()(const ReportOptions& options) const { return run_report(options); }
  int operator()(const OutputOptions& options) const { return run_output(options); }
  int operator()(const ValidateOptions& options) const { return run_validate(options); }
  int operator()(const cli::PrintText& print) const {
    return std::fputs(print.text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? 6 : 0;
  }
  int operator()(const cli::UsageError& error) const {
    std::fputs(error.text.c_str(), stderr);
    return cli::kUsageStatus;
  }
};

}  // namespace

int main(int argc, char** argv) {
  try {
    const Instant started = os::now();
    os::fill_standard_streams();
    os::keep_freed_memory();
    std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow shows as a failed write
    if (const auto has_room = os::check_stack_limit(); !has_room) {
      std::fprintf(stderr, "rollcall: %s\n", has_room.error().message.c_str());
      return cli::kUsageStatus;
    }
    return std::visit(Run{started}, parse_command_line(argc, argv, std::getenv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rollcall: %s\n", error.what());
    return 70;  // EX_SOFTWARE: a bug
  }
}
