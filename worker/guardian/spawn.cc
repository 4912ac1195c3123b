#include "worker/guardian/spawn.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstring>

namespace rollcall::worker {
namespace {

constexpr const char* kShell = "/bin/sh";
constexpr const char* kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

// The functions of the child use a stack that is unknown to AddressSanitizer, and never return.

struct Shared {
  const SpawnPlan* plan = nullptr;
  volatile int error = 0;
  volatile bool in_cwd = false;
};

/// Returns only on failure, with errno. A script without a "#!" line is run by the shell, as execvp
/// and every shell do it.
[[gnu::no_sanitize_address]] int execute(const char* file, char** args, char** variables) {
  ::execve(file, args, variables);
  if (errno != ENOEXEC) return errno;
  args[-1] = const_cast<char*>(kShell);
  args[0] = const_cast<char*>(file);
  ::execve(kShell, args - 1, variables);
  return ENOEXEC;
}

[[gnu::no_sanitize_address]] const char* path_of(char** variables) {
  for (; *variables != nullptr; ++variables) {
    if (std::strncmp(*variables, "PATH=", 5) == 0) return *variables + 5;
  }
  return kDefaultPath;
}

/// Whether another directory of PATH may have the program.
bool is_elsewhere(int error) {
  return error == ENOENT || error == ENOTDIR || error == EACCES || error == ESTALE ||
         error == ENODEV || error == ETIMEDOUT;
}

[[gnu::no_sanitize_address]] int search(const char* name, char** args, char** variables) {
  std::array<char, PATH_MAX> file{};
  const std::size_t name_size = std::strlen(name) + 1;
  int error = ENOENT;
  for (const char* directory = path_of(variables);; ++directory) {
    const char* const end = ::strchrnul(directory, ':');
    const auto size = static_cast<std::size_t>(end - directory);
    if (size + 1 + name_size <= file.size()) {
      std::memcpy(file.data(), directory, size);
      // An empty directory is the working directory.
      const std::size_t slash = size > 0 ? 1 : 0;
      file[size] = '/';
      std::memcpy(file.data() + size + slash, name, name_size);
      const int failed = execute(file.data(), args, variables);
      if (!is_elsewhere(failed)) return failed;
      // A program that may not be executed is a better reason than one that was not found.
      if (failed == EACCES) error = EACCES;
    }
    if (*end == '\0') return error;
    directory = end;
  }
}

[[gnu::no_sanitize_address]] int become(const SpawnPlan& plan, volatile bool& in_cwd) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (plan.input >= 0 && ::dup2(plan.input, STDIN_FILENO) < 0) return errno;
  if (::dup2(plan.output, STDOUT_FILENO) < 0) return errno;
  if (::dup2(plan.error_output, STDERR_FILENO) < 0) return errno;
  if (plan.group >= 0 && ::write(plan.group, "0", 1) != 1) return errno;
  // Without privileges a process cannot become less nice, and with them it should not.
  if (plan.nice > 0 && ::getpriority(PRIO_PROCESS, 0) < plan.nice) {
    ::setpriority(PRIO_PROCESS, 0, plan.nice);
  }
  if (*plan.cwd != '\0' && ::chdir(plan.cwd) != 0) {
    in_cwd = true;
    return errno;
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const char* const program = plan.args[0];
  if (*program == '\0') return ENOENT;
  if (std::strchr(program, '/') != nullptr) return execute(program, plan.args, plan.variables);
  return search(program, plan.args, plan.variables);
}

[[gnu::no_sanitize_address]] int child_main(void* argument) {
  auto* const shared = static_cast<Shared*>(argument);
  shared->error = become(*shared->plan, shared->in_cwd);
  ::_exit(127);
}

/// Used by one child at a time, while the caller waits.
alignas(64) std::array<std::byte, std::size_t{256} << 10U> child_stack;

}  // namespace

SpawnResult spawn_process(const SpawnPlan& plan) {
  Shared shared;
  shared.plan = &plan;
  const pid_t pid = ::clone(child_main, child_stack.data() + child_stack.size(),
                            CLONE_VM | CLONE_VFORK | SIGCHLD, &shared);
  if (pid < 0) return {-1, errno, false};
  if (shared.error == 0) return {pid, 0, false};
  ::waitpid(pid, nullptr, 0);
  return {-1, shared.error, shared.in_cwd};
}

}  // namespace rollcall::worker
