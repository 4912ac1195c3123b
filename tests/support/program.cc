#include "tests/support/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <string_view>
#include <thread>

extern char** environ;

namespace rollcall::integration {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// The test's environment without Rollcall's options, plus the given variables.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const bool replaced = added.contains(std::string(text.substr(0, text.find('='))));
    if (!text.starts_with("ROLLCALL_") && !replaced) environment.emplace_back(text);
  }
  for (const auto& [name, value] : added) environment.push_back(name + "=" + value);
  return environment;
}

int open_or_fail(const fs::path& file, int flags) {
  const int fd = ::open(file.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) ADD_FAILURE() << "cannot open " << file;
  return fd;
}

/// Only what may be called between fork and exec.
[[noreturn]] void become(const char* program, char* const* argv, char* const* envp,
                         const char* directory, const int (&standard)[3]) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int fd = 0; fd < 3; ++fd) ::dup2(standard[fd], fd);
  if (::chdir(directory) == 0) ::execve(program, argv, envp);
  ::_exit(127);
}

bool is_process(const fs::path& entry) {
  const std::string name = entry.filename();
  return name.find_first_not_of("0123456789") == std::string::npos;
}

/// Of /proc/PID/stat, what follows the name (which may hold anything): state, parent, ...
std::string stat_of(const fs::path& process) {
  const std::string stat = contents_of(process / "stat");
  const std::size_t end = stat.rfind(") ");
  return end == std::string::npos ? std::string("X") : stat.substr(end + 2);
}

bool is_alive(const fs::path& process) {
  const char state = stat_of(process).front();
  return state != 'Z' && state != 'X';
}

std::vector<pid_t> processes_where(const std::function<bool(const fs::path&)>& fact) {
  std::vector<pid_t> found;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; entry != end; entry.increment(error)) {
    if (is_process(entry->path()) && is_alive(entry->path()) && fact(entry->path())) {
      found.push_back(std::stoi(entry->path().filename()));
    }
  }
  return found;
}

}  // namespace

bool wait_until(const std::function<bool()>& fact, std::chrono::milliseconds limit) {
  const Clock::time_point end = Clock::now() + limit;
  while (!fact()) {
    if (Clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(4));
  }
  return true;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string contents_of(const fs::path& file) {
  std::ostringstream text;
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return {};  // a device may have no end
  std::ifstream in(file, std::ios::binary);
  if (in) text << in.rdbuf();
  return text.str();
}

Program::Program(const Command& command, const fs::path& directory) {
  static std::atomic<int> count{0};
  const std::string number = std::to_string(++count);
  shown_ = command.program.filename();
  for (const std::string& argument : command.arguments) shown_ += " " + argument;
  out_ = command.output.empty() ? directory / ("stdout-" + number) : command.output;
  err_ = directory / ("stderr-" + number);
  const fs::path input = directory / ("stdin-" + number);
  std::ofstream(input, std::ios::binary) << command.input;

  std::vector<std::string> arguments = command.arguments;
  arguments.insert(arguments.begin(), command.program.string());
  std::vector<std::string> environment = environment_with(command.environment);
  const std::vector<char*> argv = pointers_to(arguments);
  const std::vector<char*> envp = pointers_to(environment);
  const int standard[3] = {open_or_fail(input, O_RDONLY),
                           open_or_fail(out_, O_WRONLY | O_CREAT | O_APPEND),
                           open_or_fail(err_, O_WRONLY | O_CREAT | O_APPEND)};
  pid_ = ::fork();
  if (pid_ == 0)
    become(command.program.c_str(), argv.data(), envp.data(), directory.c_str(), standard);
  for (const int fd : standard) ::close(fd);
  if (pid_ < 0) {
    ADD_FAILURE() << "cannot fork";
    ended_ = 127;
  }
}

Program::~Program() {
  if (!running()) return;
  ::kill(-pid_, SIGKILL);
  signal(SIGKILL);
  wait();
}

bool Program::running() {
  if (ended_) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == 0) return true;
  ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return false;
}

void Program::signal(int number) const {
  if (!ended_) ::kill(pid_, number);
}

int Program::wait(std::chrono::milliseconds limit) {
  if (wait_until([this] { return !running(); }, limit)) return *ended_;
  ADD_FAILURE() << "not ended after " << limit.count() << " ms: " << story();
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ended_ = -SIGKILL;
  return *ended_;
}

std::vector<std::string> Program::out_lines(const std::string& regex) const {
  std::vector<std::string> lines = out_lines();
  const std::regex pattern(regex);
  std::erase_if(lines, [&](const std::string& line) { return !std::regex_match(line, pattern); });
  return lines;
}

bool Program::wait_for_lines(const std::string& regex, std::size_t count) {
  return wait_for(std::to_string(count) + " lines of the form " + regex,
                  [&] { return out_lines(regex).size() >= count; });
}

bool Program::wait_for_err(const std::string& text) {
  return wait_for(text, [&] { return err().find(text) != std::string::npos; });
}

bool Program::wait_for(const std::string& what, const std::function<bool()>& fact) {
  bool found = false;
  wait_until([&] {
    const bool ended = !running();  // what it wrote last is read after this
    found = fact();
    return found || ended;
  });
  if (!found) ADD_FAILURE() << "waited in vain for " << what << ": " << story();
  return found;
}

std::string Program::story() const {
  constexpr std::size_t kShown = 4000;
  const auto tail = [](const std::string& text) {
    return text.size() > kShown ? "..." + text.substr(text.size() - kShown) : text;
  };
  return shown_ + (ended_ ? "\nended with " + std::to_string(*ended_) : "\nstill runs") +
         "\n--- standard output\n" + tail(out()) + "--- standard error\n" + tail(err());
}

std::vector<pid_t> processes_with(const std::string& variable, const std::string& value) {
  const std::string wanted = '\0' + variable + "=" + value + '\0';
  return processes_where([&](const fs::path& process) {
    return ('\0' + contents_of(process / "environ")).find(wanted) != std::string::npos;
  });
}

std::vector<pid_t> children_of(pid_t parent) {
  return processes_where([&](const fs::path& process) {
    std::istringstream stat(stat_of(process));
    std::string state;
    pid_t its_parent = -1;
    stat >> state >> its_parent;
    return its_parent == parent;
  });
}

bool signal_pending(pid_t process, int number) {
  std::istringstream status(contents_of("/proc/" + std::to_string(process) + "/status"));
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("SigPnd:") && !line.starts_with("ShdPnd:")) continue;
    const unsigned long long mask = std::strtoull(line.c_str() + 7, nullptr, 16);
    if ((mask >> (number - 1) & 1U) != 0) return true;
  }
  return false;
}

}  // namespace rollcall::integration
