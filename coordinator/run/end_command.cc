#include "coordinator/run/end_command.h"

#include <fmt/core.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "common/os/descriptor.h"
#include "common/os/file_io.h"

namespace rollcall::coordinator {
namespace {

/// A process group of its own, with no signal blocked or ignored; `input` is its standard input.
class Attributes {
 public:
  explicit Attributes(int input) {
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_init(&actions_);
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    ::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
  }
  ~Attributes() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  const posix_spawnattr_t* attributes() const { return &attributes_; }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

/// A file in memory, not a pipe: nothing has to wait until the script has read it.
os::Descriptor file_with(const std::string& bytes) {
  os::Descriptor file(::memfd_create("rollcall-document", MFD_CLOEXEC));
  if (!file) return file;
  if (const int error = os::write_all(file.get(), bytes); error != 0) {
    errno = error;
    return {};
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

std::string failure_of(int status) {
  if (WIFSIGNALED(status)) return fmt::format("killed by signal {}", WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return fmt::format("exit status {}", WEXITSTATUS(status));
  return {};
}

}  // namespace

std::string EndCommand::run(const std::string& input) {
  const os::Descriptor file = file_with(input);
  pid_t pid = 0;
  const int error = file ? start(file.get(), pid) : errno;
  if (error != 0) return std::string("cannot be started: ") + std::strerror(error);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  const std::lock_guard lock(mutex_);
  group_ = 0;
  return failure_of(status);
}

int EndCommand::start(int input, pid_t& pid) {
  const std::lock_guard lock(mutex_);
  if (is_ended_) return ECANCELED;
  std::string shell = "sh";
  std::string option = "-c";
  const std::array<char*, 4> words{shell.data(), option.data(), script_.data(), nullptr};
  const Attributes how(input);
  const int error =
      ::posix_spawn(&pid, "/bin/sh", how.actions(), how.attributes(), words.data(), environ);
  if (error == 0) group_ = pid;
  return error;
}

void EndCommand::end() {
  const std::lock_guard lock(mutex_);
  is_ended_ = true;
  if (group_ > 0) ::kill(-group_, SIGTERM);
}

}  // namespace rollcall::coordinator
