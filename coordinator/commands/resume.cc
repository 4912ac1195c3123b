#include "coordinator/commands/resume.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "coordinator/run/run.h"
#include "coordinator/run/saved_run.h"

namespace rollcall::coordinator {
namespace {

/// The saved run, in the directory where it began: relative paths start there, and local workers
/// run commands there. Without `needs_directory`, that need not exist any more.
Result<SavedRun> saved_run_in_its_directory(const std::string& journal, bool needs_directory) {
  auto saved = saved_run(journal, std::getenv);
  if (!saved || saved->directory.empty()) return saved;
  std::error_code ignored;  // without a current directory the name is absolute
  saved->kind->options().journal = std::filesystem::absolute(journal, ignored).string();
  if (::chdir(saved->directory.c_str()) == 0 || !needs_directory) return saved;
  return permanent(journal + ": cannot enter " + saved->directory +
                   ", where the run began: " + std::strerror(errno));
}

}  // namespace

int run_resume(const ResumeOptions& options, Instant started) {
  DisplayOptions display = options.display;
  std::error_code ignored;
  if (!display.results_file.empty()) {  // relative to this command, not to the run
    display.results_file = std::filesystem::absolute(display.results_file, ignored).string();
  }
  auto saved = saved_run_in_its_directory(options.journal, !options.abandon);
  if (!saved) {
    std::fprintf(stderr, "rollcall %s: %s\n", options.abandon ? "abandon" : "resume",
                 saved.error().message.c_str());
    return cli::kUsageStatus;
  }
  display.apply(saved->kind->options());
  saved->kind->options().resume = true;
  saved->kind->options().retry_failed = options.retry_failed;
  saved->kind->options().abandon = options.abandon;
  return run_tasks(*saved->kind, started);
}

}  // namespace rollcall::coordinator
