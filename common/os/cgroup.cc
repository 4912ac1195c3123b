#include "common/os/cgroup.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

#include "common/os/descriptor.h"

namespace rollcall::os {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "rollcall-";

/// The path of a process's group in the hierarchy of version 2, such as "/user.slice"; empty: none.
std::string group_of(const std::string& process) {
  std::ifstream file(fmt::format("/proc/{}/cgroup", process));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return {};
}

/// Where the hierarchy is mounted; empty: nowhere.
std::string mount_point() {
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream fields(line);
    std::string id, parent, device, root, point;
    fields >> id >> parent >> device >> root >> point;
    if (root == "/") return point;
  }
  return {};
}

bool is_marked(const std::string& directory, const char* attribute) {
  char value = 0;
  return ::getxattr(directory.c_str(), attribute, &value, 1) == 1 && value == '1';
}

/// The directory of this process's group, if it was delegated; else empty.
std::string own_directory() {
  const std::string group = group_of("self");
  const std::string mounted = mount_point();
  if (group.empty() || mounted.empty()) return {};
  std::string directory = group == "/" ? mounted : mounted + group;
  const bool is_delegated = group == "/" || is_marked(directory, "user.delegate") ||
                            is_marked(directory, "trusted.delegate");
  return is_delegated ? directory : std::string();
}

bool write_to(const std::string& path, std::string_view text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file.get() >= 0 &&
         ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Returns the value of `name` in a file with lines "NAME VALUE"; 0 if it has no such line.
std::uint64_t count_in(const std::string& path, std::string_view name) {
  std::istringstream lines(text_of(path));
  std::string key;
  for (std::uint64_t count = 0; lines >> key >> count;) {
    if (key == name) return count;
  }
  return 0;
}

/// Whether every process of the group is this one or one of `others`.
bool has_no_more_than(const std::string& group, std::span<const pid_t> others) {
  std::ifstream processes(group + "/cgroup.procs");
  for (pid_t process = 0; processes >> process;) {
    if (process != ::getpid() && std::ranges::find(others, process) == others.end()) return false;
  }
  return processes.eof();
}

bool has_memory_controller(const std::string& group) {
  std::istringstream names(text_of(group + "/cgroup.controllers"));
  return std::find(std::istream_iterator<std::string>(names), {}, "memory") !=
         std::istream_iterator<std::string>();
}

/// The process that made a group with this name; 0 if none of this kind did.
pid_t maker_of(std::string_view name) {
  pid_t maker = 0;
  if (!name.starts_with(kPrefix)) return 0;
  name.remove_prefix(kPrefix.size());
  std::from_chars(name.data(), name.data() + name.size(), maker);
  return maker;
}

/// Whether a process of this group runs the program.
bool runs_in(const std::string& group, std::string_view program) {
  std::ifstream processes(group + "/cgroup.procs");
  for (std::string process; std::getline(processes, process);) {
    std::ifstream file(fmt::format("/proc/{}/comm", process));
    std::string name;
    if (std::getline(file, name) && name == program) return true;
  }
  return false;
}

}  // namespace

std::optional<Cgroup> Cgroup::create(const std::string& name) {
  const std::string directory = own_directory();
  if (directory.empty()) return std::nullopt;
  std::string path = fmt::format("{}/{}{}-{}", directory, kPrefix, ::getpid(), name);
  if (::mkdir(path.c_str(), 0755) != 0) return std::nullopt;
  Cgroup group(std::move(path));
  if (::access((group.path_ + "/cgroup.kill").c_str(), W_OK) != 0) return std::nullopt;
  return group;
}

void Cgroup::end_abandoned(std::string_view program) {
  const std::string directory = own_directory();
  if (directory.empty()) return;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const pid_t maker = maker_of(entry.path().filename().string());
    if (maker <= 0 || ::kill(maker, 0) == 0 || errno != ESRCH) continue;
    Cgroup group(entry.path());
    if (!group.remove() && !runs_in(group.path_, program)) group.kill();
  }
}

std::optional<Cgroup> Cgroup::of(pid_t process) {
  const std::string directory = own_directory();
  const std::string group = group_of(std::to_string(process));
  const std::string name = fs::path(group).filename();
  if (directory.empty() || maker_of(name) == 0) return std::nullopt;
  std::string path = directory + "/" + name;
  if (mount_point() + group != path) return std::nullopt;
  return Cgroup(std::move(path));
}

bool Cgroup::add(pid_t process) const {
  return write_to(path_ + "/cgroup.procs", std::to_string(process));
}

Descriptor Cgroup::open_processes() const {
  return Descriptor(::open((path_ + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
}

bool Cgroup::ran_out_of_memory() const {
  // The kernel also kills processes when the whole machine is out of memory. Only `oom` tells that
  // the group has reached its own limit.
  const std::string events = path_ + "/memory.events";
  return count_in(events, "oom") > 0 && count_in(events, "oom_kill") > 0;
}

void Cgroup::kill() const {
  if (!path_.empty()) static_cast<void>(write_to(path_ + "/cgroup.kill", "1"));
}

bool Cgroup::remove() {
  if (!path_.empty() && ::rmdir(path_.c_str()) != 0 && errno == EBUSY) return false;
  path_.clear();
  return true;
}

std::optional<Cgroup> MemoryCgroups::make(std::uint64_t bytes, std::span<const pid_t> others) {
  if (state_ == State::untried) state_ = prepare(others) ? State::ready : State::unavailable;
  if (state_ == State::unavailable) return std::nullopt;
  std::string path = fmt::format("{}/{}{}-command-{}", directory_, kPrefix, ::getpid(), ++number_);
  if (::mkdir(path.c_str(), 0755) != 0) return std::nullopt;
  Cgroup group(std::move(path));
  // A kernel that does not account for swap lacks this file.
  static_cast<void>(write_to(group.path_ + "/memory.swap.max", "0"));
  if (!write_to(group.path_ + "/memory.oom.group", "1") ||
      !write_to(group.path_ + "/memory.max", std::to_string(bytes))) {
    return std::nullopt;
  }
  return group;
}

bool MemoryCgroups::prepare(std::span<const pid_t> others) {
  directory_ = own_directory();
  if (directory_.empty() || !has_memory_controller(directory_)) return false;
  if (!has_no_more_than(directory_, others)) return false;
  Cgroup::end_abandoned("rollcall-worker");
  const std::string below = fmt::format("{}/{}{}-worker", directory_, kPrefix, ::getpid());
  if (::mkdir(below.c_str(), 0755) != 0) return false;
  const auto move_to = [others](const std::string& group) {
    const std::string list = group + "/cgroup.procs";
    bool all = write_to(list, std::to_string(::getpid()));
    for (const pid_t process : others) all = write_to(list, std::to_string(process)) && all;
    return all;
  };
  if (move_to(below) && write_to(directory_ + "/cgroup.subtree_control", "+memory")) return true;
  move_to(directory_);
  ::rmdir(below.c_str());
  return false;
}

}  // namespace rollcall::os
