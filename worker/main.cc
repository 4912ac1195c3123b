// rollcall-worker: joins a run and runs the attempts that its coordinator assigns.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <variant>

#include "common/cli/log.h"
#include "common/limits.h"
#include "common/os/memory.h"
#include "common/os/process_limits.h"
#include "common/os/standard_streams.h"
#include "worker/identity.h"
#include "worker/options.h"
#include "worker/worker.h"

namespace rollcall::worker {
namespace {

int print(std::FILE* where, const std::string& text, int status) {
  std::fputs(text.c_str(), where);
  return std::fflush(where) == 0 ? status : kExitNoCoordinator;
}

int work(const WorkerOptions& options) {
  const bool is_local = options.parent_pid.has_value();
  if (is_local && !die_with_parent(*options.parent_pid)) return kExitNoCoordinator;
  // What a terminal sends is for the coordinator, which then sends its local workers a message.
  for (const int number : {SIGINT, SIGHUP, SIGQUIT}) {
    if (is_local) std::signal(number, SIG_IGN);
  }
  std::signal(SIGPIPE, SIG_IGN);
  if (const auto has_room = os::check_thread_limit(limits::worker_threads); !has_room) {
    return print(stderr, "rollcall-worker: " + has_room.error().message + "\n", kExitUsage);
  }
  os::DescriptorLimit descriptors = os::raise_descriptor_limit();
  // A coordinator that starts its own workers has raised its limit, which they inherit.
  if (options.open_files) descriptors.inherited = *options.open_files;
  const LogSettings settings{options.log_level, options.log_format, options.log_file,
                             options.log_to_terminal};
  if (const auto log = start_log("rollcall-worker", settings); !log) {
    return print(stderr, "rollcall-worker: --log-file: " + log.error().message + "\n", kExitUsage);
  }
  return Worker(options, descriptors).run();
}

int run(int argc, const char* const* argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow shows as a failed write
  if (const auto has_room = os::check_stack_limit(); !has_room) {
    return print(stderr, "rollcall-worker: " + has_room.error().message + "\n", kExitUsage);
  }
  const Invocation invocation = parse_command_line(
      argc, argv, [](const char* name) { return static_cast<const char*>(std::getenv(name)); });
  if (const auto* text = std::get_if<cli::PrintText>(&invocation)) {
    return print(stdout, text->text, kExitDone);
  }
  if (const auto* error = std::get_if<cli::UsageError>(&invocation)) {
    return print(stderr, error->text, kExitUsage);
  }
  return work(std::get<WorkerOptions>(invocation));
}

}  // namespace
}  // namespace rollcall::worker

int main(int argc, char** argv) {
  try {
    rollcall::os::fill_standard_streams();
    rollcall::os::keep_freed_memory();
    return rollcall::worker::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rollcall-worker: %s\n", error.what());
    return rollcall::worker::kExitNoCoordinator;
  }
}
