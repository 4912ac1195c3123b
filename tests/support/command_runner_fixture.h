// A CommandRunner with an event loop of its own, and helpers to check processes.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/executors/command_runner.h"

namespace rollcall::worker {

using namespace std::chrono_literals;

/// `sh -c SCRIPT`.
inline Command shell(const std::string& script) {
  Command command;
  command.args = {"sh", "-c", script};
  return command;
}

inline Command program(std::vector<std::string> args) {
  Command command;
  command.args = std::move(args);
  return command;
}

/// Returns true once process `pid` has ended, false if it still runs after `longest`.
inline bool is_gone(pid_t pid, std::chrono::milliseconds longest = 30s) {
  const os::Descriptor ended(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  if (!ended) return errno == ESRCH || errno == EINVAL;  // EINVAL: it is being reaped
  pollfd awaited{ended.get(), POLLIN, 0};
  return ::poll(&awaited, 1, static_cast<int>(longest.count())) == 1;
}

class CommandRunnerTest : public testing::Test {
 protected:
  CommandRunnerTest() { remake({}); }
  ~CommandRunnerTest() override { std::filesystem::remove_all(directory_); }

  /// More than one on every machine, so that they compete for requests.
  static constexpr std::uint32_t kGuardians = 3;

  struct Settings {
    std::uint32_t slots = 400;
    std::size_t max_output = 1U << 20U;  ///< of each command
    Duration kill_after = 10s;           ///< of each command
  };

  void remake(const Settings& settings) {
    runner_.reset();
    terms_ = {settings.max_output, settings.kill_after};
    auto guardians = Guardians::start(kGuardians, settings.slots, 1024);
    ASSERT_TRUE(guardians);
    guardian_pids_.clear();
    for (const Guardians::One& one : guardians->each()) guardian_pids_.push_back(one.pid);
    runner_ = std::make_unique<CommandRunner>(
        loop_, std::move(*guardians), settings.slots,
        CommandRunner::Handlers{[this] {
                                  for (EndedCommand& each : runner_->take_ended()) {
                                    EXPECT_EQ(results_.count(each.key), 0U) << each.key;
                                    results_[each.key] = std::move(each.result);
                                  }
                                },
                                [this](const std::string& why) { broken_ = why; },
                                {},
                                memory_groups_});
  }

  /// Runs the loop until `fact` is true. Returns false after half a minute without an event.
  bool wait_until(const auto& fact) {
    while (!fact()) {
      loop_.restart();
      if (loop_.run_one_for(30s) == 0) return false;
    }
    return true;
  }

  CommandResult result_of(std::uint64_t key) {
    EXPECT_TRUE(wait_until([&] { return results_.contains(key); })) << key;
    return results_[key];
  }

  void start(std::uint64_t key, Command command) {
    runner_->start(key, std::move(command), terms_);
  }

  CommandResult run(Command command) {
    const std::uint64_t key = next_key_++;
    start(key, std::move(command));
    return result_of(key);
  }

  /// Runs a command with a timeout, which is doubled until the command had come as far as
  /// `has_begun(result)` requires: a slow machine may not even have started it before.
  CommandResult run_into_timeout(Command command, const auto& has_begun) {
    for (command.timeout = 100ms;; command.timeout *= 2) {
      CommandResult result = run(command);
      if (has_begun(result) || command.timeout > 30s) return result;
    }
  }

  /// The path of a file that is removed after the test.
  std::string path(const std::string& name) const { return (directory_ / name).string(); }

  /// Makes the named pipe that number_from_pipe() reads.
  void make_pipe(const std::string& name) {
    ASSERT_EQ(::mkfifo(path(name).c_str(), 0600), 0);
    pipe_ = os::Descriptor(::open(path(name).c_str(), O_RDWR | O_CLOEXEC));
  }
  pid_t number_from_pipe() {
    pollfd awaited{pipe_.get(), POLLIN, 0};
    std::array<char, 64> text{};
    if (::poll(&awaited, 1, 30'000) != 1 || ::read(pipe_.get(), text.data(), 63) <= 0) return -1;
    return std::stoi(text.data());
  }

  boost::asio::io_context loop_;
  std::unique_ptr<CommandRunner> runner_;
  CommandRunner::Terms terms_;
  std::shared_ptr<os::MemoryCgroups> memory_groups_;  ///< null: the guardians limit memory
  std::map<std::uint64_t, CommandResult> results_;
  std::string broken_;
  std::vector<pid_t> guardian_pids_;
  std::uint64_t next_key_ = 1'000'000;

 private:
  static std::filesystem::path new_directory() {
    std::string name = testing::TempDir() + "rollcall-exec-XXXXXX";
    return ::mkdtemp(name.data());
  }

  std::filesystem::path directory_ = new_directory();
  os::Descriptor pipe_;
};

}  // namespace rollcall::worker
