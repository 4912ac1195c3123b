#include "coordinator/commands/resume.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <variant>

#include "coordinator/commands/exec.h"
#include "coordinator/commands/sleep.h"
#include "coordinator/run/saved_options.h"

namespace rollcall::coordinator {
namespace {

/// As it was asked for, and in that directory: the files that it names are there, and local workers
/// run commands there.
Result<SavedOptions> go_back(const std::string& journal) {
  auto kept = saved_options(journal, std::getenv);
  if (!kept || kept->directory.empty()) return kept;
  std::error_code ignored;  // where there is no current directory the name is absolute
  const std::filesystem::path path = std::filesystem::absolute(journal, ignored);
  std::visit([&path](auto& options) { options.journal = path.string(); }, kept->options);
  if (::chdir(kept->directory.c_str()) == 0) return kept;
  return permanent(journal + ": cannot go on in " + kept->directory +
                   ", where it was begun: " + std::strerror(errno));
}

}  // namespace

int run_resume(const ResumeOptions& options, Instant started) {
  auto kept = go_back(options.journal);
  if (!kept) {
    std::fprintf(stderr, "rollcall resume: %s\n", kept.error().message.c_str());
    return 2;
  }
  const auto again = [&](auto& asked, auto run) {
    asked.resume = true;
    asked.retry_failed = options.retry_failed;
    return run(asked, started);
  };
  if (auto* sleep = std::get_if<SleepOptions>(&kept->options)) return again(*sleep, run_sleep);
  return again(std::get<ExecOptions>(kept->options), run_exec);
}

}  // namespace rollcall::coordinator
