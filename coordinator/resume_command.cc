#include "coordinator/resume_command.h"

#include <cstdio>
#include <cstdlib>
#include <variant>

#include "coordinator/run_start.h"
#include "coordinator/sleep_command.h"

namespace rollcall::coordinator {

int run_resume(const ResumeOptions& options, Instant started) {
  const auto fail = [](const std::string& why) {
    std::fprintf(stderr, "rollcall resume: %s\n", why.c_str());
    return 2;
  };
  const auto arguments = arguments_of(options.journal);
  if (!arguments) return fail(arguments.error().message);
  std::vector<const char*> argv{"rollcall", "sleep"};
  for (const std::string& argument : *arguments) argv.push_back(argument.c_str());
  const auto parsed = parse_command_line(static_cast<int>(argv.size()), argv.data(), std::getenv);
  const auto* sleep = std::get_if<SleepOptions>(&parsed);
  if (sleep == nullptr) return fail(options.journal + ": its request is not understood");
  SleepOptions again = *sleep;
  again.journal = options.journal;
  again.resume = again.resumes_as_kept = true;
  return run_sleep(again, started);
}

}  // namespace rollcall::coordinator
