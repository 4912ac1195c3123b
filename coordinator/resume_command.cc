#include "coordinator/resume_command.h"

#include <cstdio>
#include <cstdlib>
#include <variant>

#include "coordinator/exec_command.h"
#include "coordinator/run_start.h"
#include "coordinator/sleep_command.h"

namespace rollcall::coordinator {

int run_resume(const ResumeOptions& options, Instant started) {
  const auto fail = [](const std::string& why) {
    std::fprintf(stderr, "rollcall resume: %s\n", why.c_str());
    return 2;
  };
  const auto kept = kept_request(options.journal);
  if (!kept) return fail(kept.error().message);
  std::vector<const char*> argv{"rollcall", kept->command.c_str()};
  for (const std::string& argument : kept->arguments) argv.push_back(argument.c_str());
  const auto parsed = parse_command_line(static_cast<int>(argv.size()), argv.data(), std::getenv);
  const auto again = [&](auto asked, auto run) {
    asked.journal = options.journal;
    asked.resume = asked.resumes_as_kept = true;
    asked.retry_failed = options.retry_failed;
    return run(asked, started);
  };
  if (const auto* sleep = std::get_if<SleepOptions>(&parsed)) return again(*sleep, run_sleep);
  if (const auto* exec = std::get_if<ExecOptions>(&parsed)) return again(*exec, run_exec);
  return fail(options.journal + ": its request is not understood");
}

}  // namespace rollcall::coordinator
