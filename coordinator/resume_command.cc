#include "coordinator/resume_command.h"

#include <cstdio>
#include <variant>

#include "coordinator/exec_command.h"
#include "coordinator/kept_options.h"
#include "coordinator/sleep_command.h"

namespace rollcall::coordinator {

int run_resume(const ResumeOptions& options, Instant started) {
  auto kept = kept_options(options.journal);
  if (!kept) {
    std::fprintf(stderr, "rollcall resume: %s\n", kept.error().message.c_str());
    return 2;
  }
  const auto again = [&](auto& asked, auto run) {
    asked.resume = true;
    asked.retry_failed = options.retry_failed;
    return run(asked, started);
  };
  if (auto* sleep = std::get_if<SleepOptions>(&*kept)) return again(*sleep, run_sleep);
  return again(std::get<ExecOptions>(*kept), run_exec);
}

}  // namespace rollcall::coordinator
