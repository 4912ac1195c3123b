// rollcall-worker as a process, with a coordinator that the test controls.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "common/access/access.h"
#include "common/access/private_file.h"
#include "common/net/zap.h"
#include "common/os/random.h"
#include "common/wire/codec.h"
#include "tests/support/net_fixture.h"

namespace rollcall {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

/// A ROUTER socket that stores the messages received.
class FakeCoordinator {
 public:
  explicit FakeCoordinator(bool encrypted = false) {
    net::BindOptions options{"tcp://127.0.0.1:*", std::nullopt};
    if (encrypted) options.curve = own_;
    auto made = net::Socket::bind(
        loop_, net::process_context(), options,
        {[this](ConnectionId from, std::span<const std::byte> bytes) { take(from, bytes); },
         [](bool) {}});
    EXPECT_TRUE(made.has_value());
    socket_ = std::move(*made);
    access_.endpoint = socket_->endpoint();
    if (!encrypted) return;
    access_.server_key = own_.public_key;
    access_.worker_public_key = workers_.public_key;
    access_.worker_secret_key = workers_.secret_key;
  }

  const Access& access() const { return access_; }
  const std::string& worker_key() const { return workers_.public_key; }
  bool run_until(const std::function<bool()>& fact) { return net::run_until(loop_, fact); }

  /// The next message of this type; others before it are skipped.
  template <class T>
  T wait_for() {
    T body{};
    EXPECT_TRUE(run_until([&] {
      while (!got_.empty()) {
        const WorkerMessage message = std::move(got_.front());
        got_.pop_front();
        session_ = message.header.session;
        if (const T* wanted = std::get_if<T>(&message.body)) {
          body = *wanted;
          return true;
        }
      }
      return false;
    }));
    return body;
  }
  void send(const CoordinatorBody& body) {
    std::string bytes;
    codec_.encode(CoordinatorMessage{{kProtocolVersion, run_, 1, session_}, body}, bytes);
    send_bytes(bytes);
  }
  void send_bytes(const std::string& bytes) {
    EXPECT_EQ(socket_->send(from_, bytes), net::Sent::queued);
  }
  Hello welcome(std::uint32_t slots = 0) {
    Hello hello = wait_for<Hello>();
    send(Welcome{hello.nonce, os::now(), slots, 1s, 10s, 10s});
    wait_for<Inventory>();
    return hello;
  }
  void assign(std::uint64_t number, const std::vector<Duration>& pauses, std::size_t first = 0) {
    Assignment assignment{number, {}, {{kFirstJob, KindId::sleep, /*needs_slot=*/true}}};
    for (std::size_t i = 0; i < pauses.size(); ++i) {
      assignment.attempts.task.push_back(task_at(first + i));
      assignment.attempts.attempt.push_back(1);
      assignment.attempts.pause.push_back(pauses[i]);
    }
    send(assignment);
  }

 private:
  void take(ConnectionId from, std::span<const std::byte> bytes) {
    WorkerMessage message;
    ASSERT_TRUE(codec_.decode(bytes, message).has_value());
    from_ = from;
    got_.push_back(std::move(message));
  }

  boost::asio::io_context loop_;
  net::KeyPair own_ = net::make_key_pair();
  net::KeyPair workers_ = net::make_key_pair();
  std::unique_ptr<net::Socket> socket_;
  Access access_;
  WireCodec codec_;
  std::deque<WorkerMessage> got_;
  ConnectionId from_{};
  SessionId session_;
  RunId run_ = os::random_id128<RunId>();
};

/// A rollcall-worker process that gets its access document from a file or from `input`. Killed at
/// the end.
class WorkerProcess {
 public:
  explicit WorkerProcess(std::vector<std::string> arguments, const std::string& input = "") {
    std::array<int, 2> pipe_ends{};
    EXPECT_EQ(::pipe2(pipe_ends.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[0], STDIN_FILENO);
    arguments.insert(arguments.begin(), "rollcall-worker");
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    EXPECT_EQ(::posix_spawn(&pid_, ROLLCALL_WORKER, &actions, nullptr, pointers.data(), environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
    EXPECT_EQ(::write(pipe_ends[1], input.data(), input.size()),
              static_cast<ssize_t>(input.size()));
    ::close(pipe_ends[0]);
    ::close(pipe_ends[1]);
  }
  ~WorkerProcess() {
    if (ended()) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &status_, 0);
  }
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  void signal(int number) const { ::kill(pid_, number); }
  bool ended() {
    if (!is_reaped_) is_reaped_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
    return is_reaped_;
  }
  /// Its exit status once it has ended; minus the signal that killed it.
  int exit_status(FakeCoordinator& coordinator) {
    EXPECT_TRUE(coordinator.run_until([this] { return ended(); }));
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
  }

 private:
  pid_t pid_ = 0;
  int status_ = 0;
  bool is_reaped_ = false;
};

class WorkerProgram : public testing::Test {
 protected:
  ~WorkerProgram() override { std::filesystem::remove_all(directory_); }
  std::string file() const { return directory_ / "access.json"; }
  static std::vector<std::string> local(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--access-file", "-", "--log-level", "warn"});
    return more;
  }
  static std::string own_pid() { return std::to_string(::getpid()); }

  std::filesystem::path directory_ = [] {
    std::string name = testing::TempDir() + "rollcall-worker-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    return std::filesystem::path(name);
  }();
};

TEST_F(WorkerProgram, SleepsReportsAndEndsWithTheRun) {
  FakeCoordinator coordinator;
  Access access = coordinator.access();
  access.launch_id = 7;
  WorkerProcess worker(local({"--parent-pid", own_pid(), "--name", "fred"}), to_json(access));
  const Hello hello = coordinator.welcome();
  EXPECT_EQ(hello.name, "fred");
  EXPECT_EQ(hello.launch_id, 7U);
  EXPECT_GE(hello.processors, 1U);
  coordinator.assign(1, {20ms, 0ms, 5ms});
  std::vector<TaskId> order;
  while (order.size() < 3) {
    const auto report = coordinator.wait_for<Report>();
    for (std::size_t i = 0; i < report.outcomes.size(); ++i) {
      order.push_back(report.outcomes.task[i]);
      EXPECT_GE(report.outcomes.elapsed[i], report.outcomes.result[i]);
      EXPECT_EQ(report.outcomes.outcome[i], Outcome::succeeded);
    }
    coordinator.send(Ack{report.number, os::now()});
  }
  EXPECT_EQ(order, (std::vector{TaskId{1}, TaskId{2}, TaskId{0}}));
  coordinator.send(Shutdown{});
  const auto goodbye = coordinator.wait_for<Goodbye>();
  EXPECT_EQ(goodbye.outcomes_sent, 3U);
  EXPECT_GT(goodbye.cpu_seconds, 0);
  EXPECT_GT(goodbye.peak_rss_bytes, 1U << 20U);
  EXPECT_EQ(worker.exit_status(coordinator), 0);
}

TEST_F(WorkerProgram, UsesCurve) {
  FakeCoordinator coordinator(true);
  const auto zap = net::ZapHandler::start(net::process_context(), {coordinator.worker_key()});
  ASSERT_TRUE(zap.has_value());
  WorkerProcess worker(local(), to_json(coordinator.access()));
  coordinator.welcome();
  coordinator.send(Shutdown{});
  EXPECT_EQ(worker.exit_status(coordinator), 0);
}

TEST_F(WorkerProgram, WaitsForItsAccessFile) {
  FakeCoordinator coordinator;
  std::ofstream(file()) << "{\"schema\"";  // half of a copy
  WorkerProcess worker({"--access-file", file(), "--log-level", "warn"});
  ASSERT_TRUE(
      replace_private_file(file(), "access file", to_json(coordinator.access())).has_value());
  coordinator.welcome();
  coordinator.send(Drain{});
  coordinator.wait_for<Goodbye>();
  EXPECT_EQ(worker.exit_status(coordinator), 0);
}

TEST_F(WorkerProgram, FollowsItsAccessFileToAnotherCoordinator) {
  FakeCoordinator silent;
  ASSERT_TRUE(replace_private_file(file(), "access file", to_json(silent.access())).has_value());
  WorkerProcess worker({"--access-file", file(), "--log-level", "warn"});
  silent.wait_for<Hello>();  // gets no answer
  FakeCoordinator coordinator;
  ASSERT_TRUE(
      replace_private_file(file(), "access file", to_json(coordinator.access())).has_value());
  coordinator.welcome();
  coordinator.send(Shutdown{});
  EXPECT_EQ(worker.exit_status(coordinator), 0);
}

TEST_F(WorkerProgram, EndsWhenNoCoordinatorAnswers) {
  FakeCoordinator coordinator;  // never answers
  WorkerProcess worker(local({"--connect-timeout", "300ms", "--log-level", "off"}),
                       to_json(coordinator.access()));
  EXPECT_EQ(worker.exit_status(coordinator), 4);
  WorkerProcess without_file(
      {"--access-file", file(), "--connect-timeout", "200ms", "--log-level", "off"});
  EXPECT_EQ(without_file.exit_status(coordinator), 4);
}

TEST_F(WorkerProgram, RejectsAnInvalidAccessDocument) {
  FakeCoordinator coordinator;
  WorkerProcess worker(local({"--log-level", "off"}), "[1, 2]");
  EXPECT_EQ(worker.exit_status(coordinator), 2);
}

TEST_F(WorkerProgram, TerminateReturnsRunningTasksAndEnds) {
  FakeCoordinator coordinator;
  WorkerProcess worker(local(), to_json(coordinator.access()));
  coordinator.welcome();
  coordinator.assign(1, {0ms, 1h});
  const auto report = coordinator.wait_for<Report>();
  EXPECT_EQ(report.outcomes.size(), 1U);
  worker.signal(SIGTERM);
  EXPECT_EQ(coordinator.wait_for<Goodbye>().outcomes_sent, 1U);
  coordinator.send(Ack{1, os::now()});
  EXPECT_EQ(worker.exit_status(coordinator), 0);
}

TEST_F(WorkerProgram, SecondTerminateEndsAtOnce) {
  FakeCoordinator coordinator;
  const std::string log = testing::TempDir() + "second-terminate-" + std::to_string(::getpid());
  WorkerProcess worker(local({"--log-level", "info", "--log-file", log}),
                       to_json(coordinator.access()));
  coordinator.welcome();
  coordinator.assign(1, {0ms});
  coordinator.wait_for<Report>();
  worker.signal(SIGTERM);
  coordinator.wait_for<Goodbye>();  // gets no Ack
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_status(coordinator), 0);
  std::stringstream logged;
  logged << std::ifstream(log).rdbuf();
  std::filesystem::remove(log);
  EXPECT_THAT(logged.str(), HasSubstr("joined run"));
  EXPECT_THAT(logged.str(), Not(HasSubstr("did not confirm"))) << "it did not wait";
}

TEST_F(WorkerProgram, CancelsRunningTasks) {
  FakeCoordinator coordinator;
  WorkerProcess worker(local(), to_json(coordinator.access()));
  coordinator.welcome(1);
  coordinator.assign(1, {1h, 1h});
  coordinator.send(Cancel{1});
  const auto report = coordinator.wait_for<Report>();
  EXPECT_EQ(report.outcomes.outcome, std::vector(2, Outcome::cancelled));
}

/// In one session with one slot: each attempt starts when the one before it has ended.
TEST_F(WorkerProgram, RunsTasksOfSeveralKinds) {
  FakeCoordinator coordinator;
  WorkerProcess worker(local(), to_json(coordinator.access()));
  EXPECT_EQ(coordinator.welcome(1).kinds, all_kinds());
  Assignment mixed{1, {}};
  mixed.jobs = {{JobId{1}, KindId::exec, true, 1s, 100},
                {JobId{2}, KindId::sleep, true},
                {JobId{3}, KindId::noop, false}};
  AttemptColumns& rows = mixed.attempts;
  rows.task = {TaskId{0}, TaskId{1}, TaskId{2}, TaskId{3}, TaskId{4}};
  rows.job = {JobId{1}, JobId{2}, JobId{3}, JobId{2}, JobId{1}};
  rows.attempt.assign(5, 1);
  rows.pause = {0s, 5ms, 0s, 1h, 0s};
  rows.command.assign(
      5, {{"sh", "-c", "echo done; exec sleep $((ROLLCALL_SECONDS))"}, {}, "", "", {}});
  rows.command[4].env = {"ROLLCALL_SECONDS=1000"};
  coordinator.send(mixed);
  std::map<TaskId, Outcome> ended;
  std::string output;
  const auto wait_for = [&](std::size_t count) {
    while (ended.size() < count) {
      const auto report = coordinator.wait_for<Report>();
      if (report.number == 0) return false;  // none has arrived
      for (std::size_t i = 0; i < report.outcomes.size(); ++i) {
        ended[report.outcomes.task[i]] = report.outcomes.outcome[i];
      }
      for (const CommandResult& result : report.outcomes.command) output += result.out;
      coordinator.send(Ack{report.number, os::now()});
    }
    return true;
  };
  ASSERT_TRUE(wait_for(3));
  EXPECT_EQ(output, "done\n");
  coordinator.send(Cancel{0, {{TaskId{3}}, {1}}});
  ASSERT_TRUE(wait_for(4));
  coordinator.send(Cancel{0, {{TaskId{4}}, {1}}});
  ASSERT_TRUE(wait_for(5));
  EXPECT_EQ(ended, (std::map<TaskId, Outcome>{{TaskId{0}, Outcome::succeeded},
                                              {TaskId{1}, Outcome::succeeded},
                                              {TaskId{2}, Outcome::succeeded},
                                              {TaskId{3}, Outcome::cancelled},
                                              {TaskId{4}, Outcome::cancelled}}));
  coordinator.send(Shutdown{});
  EXPECT_EQ(worker.exit_status(coordinator), 0);
}

TEST_F(WorkerProgram, EndsWithACoordinatorOfAnotherVersion) {
  FakeCoordinator coordinator;
  WorkerProcess worker(local({"--log-level", "off"}), to_json(coordinator.access()));
  coordinator.wait_for<Hello>();
  coordinator.send_bytes("\x0dROLL\x10\x01");
  EXPECT_EQ(worker.exit_status(coordinator), 4);
}

TEST_F(WorkerProgram, SurvivesMalformedMessages) {
  FakeCoordinator coordinator;
  WorkerProcess worker(local({"--log-level", "off"}), to_json(coordinator.access()));
  coordinator.welcome();
  for (int i = 0; i < 10; ++i)
    coordinator.send_bytes(std::string(static_cast<std::size_t>(i), 'x'));
  coordinator.assign(1, {1ms});
  EXPECT_EQ(coordinator.wait_for<Report>().outcomes.size(), 1U);
}

TEST_F(WorkerProgram, ALostSessionReturnsAsANewOne) {
  FakeCoordinator coordinator;
  WorkerProcess worker(local({"--log-level", "off"}), to_json(coordinator.access()));
  const Hello first = coordinator.welcome();
  coordinator.assign(1, {1h});
  coordinator.wait_for<Heartbeat>();
  coordinator.send(Reject{RejectReason::session_lost, "late"});
  const Hello second = coordinator.welcome();
  EXPECT_NE(second.secret, first.secret);
  EXPECT_EQ(second.pid, first.pid);
}

TEST_F(WorkerProgram, EndsIfItsParentIsAnotherProcess) {
  FakeCoordinator coordinator;
  WorkerProcess worker(local({"--parent-pid", "1"}), to_json(coordinator.access()));
  EXPECT_EQ(worker.exit_status(coordinator), 4);
}

/// A process that starts a worker with these arguments as its child.
class WorkerParent {
 public:
  explicit WorkerParent(const std::string& arguments) {
    EXPECT_EQ(::pipe2(alive_.data(), O_CLOEXEC | O_NONBLOCK), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(alive_[1], STDOUT_FILENO);
      const std::string script = std::string(ROLLCALL_WORKER) + ' ' + arguments +
                                 " --log-level off --parent-pid $$ & wait";
      ::execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
      ::_exit(127);
    }
    EXPECT_GT(pid_, 0);
    ::close(alive_[1]);
  }
  ~WorkerParent() { ::close(alive_[0]); }
  WorkerParent(const WorkerParent&) = delete;
  WorkerParent& operator=(const WorkerParent&) = delete;

  void kill() const {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  /// The pipe is closed when the last process that holds it ends.
  bool has_worker_ended() const {
    char byte = 0;
    return ::read(alive_[0], &byte, 1) == 0;
  }

 private:
  std::array<int, 2> alive_{};
  pid_t pid_ = -1;
};

TEST_F(WorkerProgram, EndsWithAKilledParent) {
  FakeCoordinator coordinator;
  ASSERT_TRUE(
      replace_private_file(file(), "access file", to_json(coordinator.access())).has_value());
  const WorkerParent parent("--access-file " + file());
  coordinator.welcome();
  parent.kill();
  EXPECT_TRUE(coordinator.run_until([&] { return parent.has_worker_ended(); }));
}

TEST_F(WorkerProgram, OutlivesAKilledParentOnceItHasJoined) {
  FakeCoordinator coordinator;
  ASSERT_TRUE(
      replace_private_file(file(), "access file", to_json(coordinator.access())).has_value());
  const WorkerParent parent("--outlive-parent --access-file " + file());
  coordinator.welcome();
  coordinator.assign(1, {1ms});
  EXPECT_EQ(coordinator.wait_for<Report>().outcomes.size(), 1U);
  parent.kill();
  coordinator.assign(2, {1ms}, 1);
  EXPECT_EQ(coordinator.wait_for<Report>().outcomes.task, std::vector{task_at(1)});
  coordinator.send(Shutdown{});
  EXPECT_TRUE(coordinator.run_until([&] { return parent.has_worker_ended(); }));
}

TEST_F(WorkerProgram, DoesNotOutliveAKilledParentBeforeItHasJoined) {
  FakeCoordinator coordinator;
  ASSERT_TRUE(
      replace_private_file(file(), "access file", to_json(coordinator.access())).has_value());
  const WorkerParent parent("--outlive-parent --connect-timeout 1h --access-file " + file());
  coordinator.wait_for<Hello>();
  parent.kill();
  EXPECT_TRUE(coordinator.run_until([&] { return parent.has_worker_ended(); }));
}

TEST_F(WorkerProgram, ALocalWorkerIgnoresCtrlC) {
  FakeCoordinator coordinator;
  WorkerProcess worker(local({"--parent-pid", own_pid()}), to_json(coordinator.access()));
  coordinator.welcome();
  worker.signal(SIGINT);
  coordinator.assign(1, {1ms});
  EXPECT_EQ(coordinator.wait_for<Report>().outcomes.size(), 1U);
}

}  // namespace
}  // namespace rollcall
