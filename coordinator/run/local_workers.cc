#include "coordinator/run/local_workers.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>
#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>
#include <utility>

#include "common/cli/own_variables.h"
#include "common/limits.h"
#include "common/os/clock.h"
#include "common/os/descriptor.h"

namespace rollcall::coordinator {
namespace {

std::vector<char*> environment_for_workers() {
  std::vector<char*> passed;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!cli::is_own_variable(*variable)) passed.push_back(*variable);
  }
  passed.push_back(nullptr);
  return passed;
}

/// What posix_spawn does in the child: a process group of its own, no signal blocked or ignored,
/// pipes as standard input and standard error, no access to our own streams.
class SpawnPlan {
 public:
  SpawnPlan(int standard_input, int standard_error) {
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_init(&actions_);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawn_file_actions_adddup2(&actions_, standard_input, STDIN_FILENO);
    ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, standard_error, STDERR_FILENO);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  /// 0, or errno.
  int spawn(const std::string& program, const std::vector<std::string>& arguments, pid_t& pid) {
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments) {
      argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    std::vector<char*> environment = environment_for_workers();
    return ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv.data(),
                         environment.data());
  }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

/// The C library's own pidfd_open() has no C linkage in its header before version 2.37.
int open_pidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U));
}

/// Whether this is a running worker that one of `coordinators` started to outlive it.
bool is_worker_of(pid_t process, std::span<const pid_t> coordinators) {
  std::ifstream file(fmt::format("/proc/{}/cmdline", process), std::ios::binary);
  const std::string line{std::istreambuf_iterator<char>(file), {}};
  const auto has = [&line](const std::string& arguments) {
    return line.find('\0' + arguments + '\0') != std::string::npos;
  };
  using namespace std::string_literals;
  return has("--outlive-parent") &&
         std::any_of(coordinators.begin(), coordinators.end(),
                     [&](pid_t c) { return has("--parent-pid\0"s + std::to_string(c)); });
}

std::string describe(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return fmt::format("exit status {}", info.si_status);
  return fmt::format("killed by signal {}", info.si_status);
}

}  // namespace

struct LocalWorkers::Child {
  std::uint32_t launch_id;
  pid_t pid;
  boost::asio::posix::stream_descriptor ended;  ///< a pidfd: readable once the process has ended
  std::function<void()> on_gone;                ///< of an adopted one; else empty
  std::optional<os::Cgroup> group;
};

std::string worker_program_beside_own() {
  std::error_code error;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
  return (own.parent_path() / "rollcall-worker").string();
}

Result<void> check_worker_program(const std::string& program) {
  struct stat file {};
  int error = ::stat(program.c_str(), &file) == 0 ? 0 : errno;
  if (error == 0 && !S_ISREG(file.st_mode)) error = EACCES;
  if (error == 0 && ::access(program.c_str(), X_OK) != 0) error = errno;
  if (error == 0) return {};
  return permanent("cannot start local workers with " + program + ": " + std::strerror(error) +
                   "; install rollcall-worker in the directory of rollcall");
}

Result<void> check_room(std::uint32_t count, std::uint64_t descriptors,
                        std::uint64_t worker_descriptors) {
  constexpr std::uint64_t kOwn = 32;     // sockets, logs, temporarily open files
  constexpr std::uint64_t kEachOne = 2;  // a pidfd and a connection
  if (count > 0 && descriptors < worker_descriptors) {
    return permanent(
        fmt::format("a local worker cannot run one command: a process may open {} files; raise "
                    "ulimit -Hn to {}",
                    descriptors, std::max(worker_descriptors, kOwn + kEachOne * count)));
  }
  if (kOwn + kEachOne * count <= descriptors) return {};
  const std::uint64_t room = descriptors < kOwn ? 0 : (descriptors - kOwn) / kEachOne;
  return permanent(fmt::format(
      "--workers {}: the limit is {}, as this process may open {} files; raise ulimit -Hn to {}",
      count, room, descriptors, kOwn + kEachOne * count));
}

LocalWorkers::LocalWorkers(boost::asio::io_context& loop, Settings settings, OnExit on_exit,
                           WorkerLog::OnText on_text)
    : loop_(loop),
      settings_(std::move(settings)),
      on_exit_(std::move(on_exit)),
      log_(loop, std::move(on_text)) {
  os::Cgroup::end_abandoned("rollcall-worker");
}

LocalWorkers::~LocalWorkers() {
  kill_all();
  for (const auto& child : children_) {
    if (!child->on_gone) ::waitpid(child->pid, nullptr, 0);
    end_group(*child);
  }
  log_.drain();
  const Instant until = os::now() + limits::group_end;
  for (remove_groups(); !ended_groups_.empty() && os::now() < until; remove_groups()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Result<void> LocalWorkers::start(const Access& access) {
  int ends[2] = {-1, -1};
  if (log_.writing_end() < 0 || ::pipe2(ends, O_CLOEXEC) != 0) {
    return retryable(std::string("cannot start a worker: ") + std::strerror(errno));
  }
  os::Descriptor read_end(ends[0]);
  os::Descriptor write_end(ends[1]);
  std::vector<std::string> arguments = {"rollcall-worker", "--access-file", "-", "--parent-pid",
                                        std::to_string(::getpid())};
  if (settings_.outlive) arguments.emplace_back("--outlive-parent");
  if (::isatty(STDERR_FILENO) == 1) arguments.emplace_back("--log-to-terminal");
  if (settings_.slots != 0) {
    arguments.insert(arguments.end(), {"--slots", std::to_string(settings_.slots)});
  }
  if (!settings_.log_level.empty()) {
    arguments.insert(arguments.end(), {"--log-level", settings_.log_level});
  }
  if (settings_.log_format == LogFormat::json) {
    arguments.insert(arguments.end(), {"--log-format", "json"});
  }
  if (settings_.open_files != 0) {
    arguments.insert(arguments.end(), {"--open-files", std::to_string(settings_.open_files)});
  }
  pid_t pid = -1;
  const int error =
      SpawnPlan(read_end.get(), log_.writing_end()).spawn(settings_.program, arguments, pid);
  if (error != 0) {
    const std::string text = "cannot start " + settings_.program + ": " + std::strerror(error);
    return error == EAGAIN || error == ENOMEM ? retryable(text) : permanent(text);
  }
  // Before it knows where to join: all that it starts is in the group.
  std::optional<os::Cgroup> group = os::Cgroup::create(std::to_string(access.launch_id));
  if (group && !group->add(pid)) group.reset();
  // A pipe holds more than an access document, so this does not block, whatever the worker does.
  const std::string document = to_json(access);
  const bool handed_over = ::write(write_end.get(), document.data(), document.size()) ==
                           static_cast<ssize_t>(document.size());
  const int pidfd = handed_over ? open_pidfd(pid) : -1;
  if (pidfd < 0) {
    const std::string text = std::string("cannot watch a worker: ") + std::strerror(errno);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return retryable(text);
  }
  children_.push_back(
      std::make_shared<Child>(Child{access.launch_id,
                                    pid,
                                    boost::asio::posix::stream_descriptor(loop_, pidfd),
                                    {},
                                    std::move(group)}));
  watch(children_.back());
  return {};
}

bool LocalWorkers::adopt(pid_t process, std::span<const pid_t> coordinators,
                         std::function<void()> on_gone) {
  const auto is_it = [process](const auto& child) { return child->pid == process; };
  if (std::any_of(children_.begin(), children_.end(), is_it)) return true;
  // The pidfd first, so that the process that is checked is the one that is watched.
  const int pidfd = open_pidfd(process);
  if (pidfd < 0) return errno != ESRCH;
  boost::asio::posix::stream_descriptor ended(loop_, pidfd);
  if (!is_worker_of(process, coordinators)) return false;
  children_.push_back(std::make_shared<Child>(
      Child{0, process, std::move(ended), std::move(on_gone), os::Cgroup::of(process)}));
  watch(children_.back());
  return true;
}

void LocalWorkers::watch(const std::shared_ptr<Child>& child) {
  child->ended.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [this, child](boost::system::error_code error) {
                            if (!error) reap(child);
                          });
}

void LocalWorkers::reap(const std::shared_ptr<Child>& child) {
  if (child->on_gone) {
    end_group(*child);
    children_.erase(std::find(children_.begin(), children_.end(), child));
    return child->on_gone();
  }
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(child->pid), &info, WEXITED) != 0) return watch(child);
  end_group(*child);
  children_.erase(std::find(children_.begin(), children_.end(), child));
  log_.drain();
  on_exit_(child->launch_id, describe(info));
}

/// Its worker has ended.
void LocalWorkers::end_group(Child& child) {
  if (!child.group) return;
  child.group->kill();
  ended_groups_.push_back(std::move(*std::exchange(child.group, std::nullopt)));
  remove_groups();
}

void LocalWorkers::remove_groups() {
  std::erase_if(ended_groups_, [](os::Cgroup& group) { return group.remove(); });
}

void LocalWorkers::kill(Child& child) {
  if (child.group) child.group->kill();
  if (child.on_gone) {
    // By its pidfd: this process does not reap it, so its number may be reused at any time.
    ::syscall(SYS_pidfd_send_signal, child.ended.native_handle(), SIGKILL, nullptr, 0U);
  } else {
    ::kill(-child.pid, SIGKILL);
  }
}

void LocalWorkers::kill(pid_t process) {
  for (const auto& child : children_) {
    if (child->pid == process) kill(*child);
  }
}

void LocalWorkers::kill_all() {
  for (const auto& child : children_) kill(*child);
}

}  // namespace rollcall::coordinator
