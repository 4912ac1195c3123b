// Misbehaving peers. Noise on the port and other protocols do not affect the run; validation
// detects false reports.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/access/access.h"
#include "common/base/rng.h"
#include "tests/support/peak_memory.h"
#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A plain TCP connection to a port of this host.
class Connection {
 public:
  explicit Connection(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Waits for `size` bytes.
  void read(std::size_t size) const {
    std::string bytes(size, '\0');
    const ssize_t got = ::recv(fd_, bytes.data(), size, MSG_WAITALL);
    EXPECT_EQ(got, static_cast<ssize_t>(size));
  }
  /// Ignores errors, because the peer may close the connection.
  void write(const std::string& bytes) const {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    static_cast<void>(sent);
  }

 private:
  int fd_;
};

std::string noise(std::uint64_t seed, std::size_t size) {
  Rng rng(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(rng.below(256));
  return bytes;
}

/// The handshake of a ZMTP 3 peer without keys: the NULL mechanism.
std::string null_handshake() {
  std::string handshake = std::string("\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL", 16);
  handshake.resize(64, '\0');
  return handshake;
}

class Peers : public ProgramsTest {
 protected:
  int port() const {
    const std::string endpoint = read_access_file(access_file()).value().endpoint;
    return std::stoi(endpoint.substr(endpoint.rfind(':') + 1));
  }
};

TEST_F(Peers, NoiseDoesNotAffectTheRun) {
  Program& run = rollcall({"-n", "20", "--pause", "5s", "-w", "2", "--access-file", access_file(),
                           "--output", "jsonl"});
  ASSERT_TRUE(wait_for_events(run, "started", 20));
  std::vector<std::unique_ptr<Connection>> connections;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    connections.push_back(std::make_unique<Connection>(port()));
    connections.back()->write(noise(seed, 1 + 400 * seed));
  }
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\nHost: here\r\n\r\n"), null_handshake(),
        null_handshake() + noise(99, 1000), std::string("\x01\x00", 2) + noise(98, 5000)}) {
    connections.push_back(std::make_unique<Connection>(port()));
    connections.back()->write(bytes);
  }
  EXPECT_EQ(run.wait(), 0) << run.story();
  json document = summary_of(run);
  EXPECT_EQ(document["outcomes"]["succeeded"], 20);
  EXPECT_EQ(document["attempts"]["retried"], 0);
  EXPECT_THAT(document["workers"], SizeIs(2));
}

TEST_F(Peers, NoiseWithoutEncryptionDoesNotAffectTheRun) {
  Program& run = rollcall({"-n", "20", "--pause", "5s", "-w", "2", "--access-file", access_file(),
                           "--insecure", "--output", "jsonl"});
  ASSERT_TRUE(wait_for_events(run, "started", 20));
  Connection connection(port());
  connection.write(null_handshake());
  connection.read(null_handshake().size());
  // READY of a DEALER, then a message with one frame.
  const std::string ready("\5READY\x0bSocket-Type\0\0\0\6DEALER", 28);
  connection.write(std::string("\4\x1c", 2) + ready + std::string("\0\5hello", 7));
  Connection noisy(port());
  noisy.write(noise(1, 5000));
  ASSERT_TRUE(run.wait_for_err("malformed message"));
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(summary_of(run)["outcomes"]["succeeded"], 20);
}

struct Rejection {
  const char* mode;
  const char* reason;
};

class RejectedPeers : public Peers, public testing::WithParamInterface<Rejection> {};

TEST_P(RejectedPeers, GetAReasonAndDoNotAffectTheRun) {
  Program& run = exec({"--range", "1-4", "-w", "2", "-j", "2", "--access-file", access_file(),
                       "--output", "jsonl", "--shell", "--", until_touched("go")});
  ASSERT_TRUE(wait_for_events(run, "started", 4));
  Program& peer = lying_worker(GetParam().mode);
  EXPECT_EQ(peer.wait(), 0) << peer.story();
  EXPECT_EQ(peer.out(), std::string(GetParam().reason) + "\n");
  touch("go");
  EXPECT_EQ(run.wait(), 0) << run.story();
  json document = summary_of(run);
  EXPECT_EQ(document["outcomes"]["succeeded"], 4);
  EXPECT_EQ(document["validated"], true);
}

INSTANTIATE_TEST_SUITE_P(, RejectedPeers,
                         testing::Values(Rejection{"old-version", "protocol_version"},
                                         Rejection{"unknown-session", "say_hello"},
                                         Rejection{"other-run", "wrong_epoch"},
                                         Rejection{"other-session", "bad_message"},
                                         Rejection{"huge-report", "say_hello"},
                                         Rejection{"many-hellos", "bad_message"}),
                         [](const auto& param) {
                           std::string name = param.param.mode;
                           std::erase(name, '-');
                           return name;
                         });

TEST_F(Peers, AnUnsupportedProtocolVersionIsLogged) {
  Program& run = exec({"--range", "1-1", "-w", "1", "--access-file", access_file(), "--shell", "--",
                       until_touched("go")});
  ASSERT_TRUE(wait_for_file("access"));
  EXPECT_EQ(lying_worker("old-version").wait(), 0);
  touch("go");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(
      run.err(),
      HasSubstr("refused worker liar on somewhere: it speaks protocol version 1, expected 2"));
}

// What is refused is logged, with the peer and a count, and costs little memory.

/// How much the memory of a process may grow when it refuses something. Sanitizers need more.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kMemory = std::size_t{4} << 30U;
#else
constexpr std::size_t kMemory = std::size_t{100} << 20U;
#endif

class HostilePeers : public Peers {
 protected:
  /// A run that a test ends with a signal.
  Program& start_run(const Arguments& more = {}) {
    Program& run = rollcall(Arguments{"-n", "2", "--pause", "1000s", "-w", "1", "-j", "1",
                                      "--access-file", access_file(), "--output", "jsonl"} +
                            more);
    EXPECT_TRUE(wait_for_events(run, "started", 1));
    return run;
  }
  /// Ends the run, which must not have lost its worker.
  void expect_unharmed(Program& run) {
    run.signal(SIGTERM);
    EXPECT_EQ(run.wait(), 128 + SIGTERM) << run.story();
    const json own = events_of(run, "started").at(0)["worker"];
    for (const json& lost : events_of(run, "worker_lost")) EXPECT_NE(lost["worker"], own);
  }
};

TEST_F(HostilePeers, AHugeReportBeforeHelloCostsNothing) {
  Program& run = start_run();
  const std::size_t before = peak_memory(run.pid());
  EXPECT_EQ(lying_worker("huge-report").wait(), 0);
  EXPECT_LT(peak_memory(run.pid()), before + kMemory);
  expect_unharmed(run);
}

TEST_F(HostilePeers, ManyHellosOfOnePeerAreOneSessionAndFewLines) {
  Program& run = start_run();
  const std::size_t before = peak_memory(run.pid());
  Program& liar = lying_worker("many-hellos");
  ASSERT_TRUE(run.wait_for_err("another session is joining on this connection times=1000"));
  ASSERT_TRUE(run.wait_for_err("dropping all further messages on the connection of worker liar"));
  EXPECT_EQ(liar.wait(), 0);
  EXPECT_LT(peak_memory(run.pid()), before + kMemory);
  EXPECT_LT(run.err().size(), 10'000U);
  expect_unharmed(run);
}

TEST_F(HostilePeers, AHelloWithAnotherSessionIsLoggedByName) {
  Program& run = start_run();
  EXPECT_EQ(lying_worker("other-session").wait(), 0);
  EXPECT_TRUE(run.wait_for_err(
      "refused worker liar on somewhere: its session is not the hash of its secret"));
  expect_unharmed(run);
}

TEST_F(HostilePeers, KeysOfAnotherRunAreLoggedWithTheAddress) {
  Program& run = start_run();
  json access = json::parse(contents_of(access_file()));
  const std::string endpoint = access["endpoint"];
  Program& other =
      rollcall({"-n", "1", "--pause", "1000s", "-w", "0", "--access-file", file("other")});
  ASSERT_TRUE(wait_for_file("other"));
  json stale = json::parse(contents_of(file("other")));
  stale["endpoint"] = endpoint;
  std::ofstream(file("stale")) << stale;
  std::filesystem::permissions(file("stale"), std::filesystem::perms::owner_read);
  Program& lost = worker({"--access-file", file("stale")});
  EXPECT_TRUE(run.wait_for_err("refused a connection peer=127.0.0.1 "));
  lost.signal(SIGKILL);
  other.signal(SIGKILL);
  expect_unharmed(run);
}

/// A connection without keys whose handshake is over.
class PlainPeer : public Connection {
 public:
  explicit PlainPeer(int port) : Connection(port) {
    write(null_handshake());
    read(null_handshake().size());
    const std::string ready("\5READY\x0bSocket-Type\0\0\0\6DEALER", 28);
    write(std::string("\4\x1c", 2) + ready);
  }
};

TEST_F(HostilePeers, ExtraFramesAndLongMessagesAreLoggedWithTheAddress) {
  Program& run = start_run({"--insecure"});
  PlainPeer peer(port());
  peer.write(std::string("\1\5first\0\6second", 15));
  EXPECT_TRUE(run.wait_for_err(
      "dropped a malformed message of a process at 127.0.0.1: it has 2 frames instead of one"));
  constexpr std::size_t kLong = (16U << 20U) + 1;  // the size has eight bytes, big-endian
  peer.write(std::string("\2\0\0\0\0\1\0\0\1", 9) + std::string(kLong, 'x'));
  EXPECT_TRUE(run.wait_for_err("it has 16777217 bytes, and at most 16777216 are allowed"));
  peer.write(std::string("\0\5hello", 7));  // the connection continues
  EXPECT_TRUE(run.wait_for_err("malformed message of a process at 127.0.0.1: bad message:"));
  expect_unharmed(run);
}

TEST_F(HostilePeers, APeerThatNeverReadsCostsLittle) {
  Program& run = start_run({"--insecure"});
  const std::size_t before = peak_memory(run.pid());
  PlainPeer peer(port());
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += std::string("\0\5hello", 7);
  for (int i = 0; i < 100; ++i) peer.write(many);
  ASSERT_TRUE(run.wait_for_err("dropped a malformed message of a process at 127.0.0.1: "));
  ASSERT_TRUE(
      run.wait_for_err("dropping all further messages on the connection of an unknown process"));
  EXPECT_LT(peak_memory(run.pid()), before + kMemory);
  EXPECT_LT(run.err().size(), 10'000U);
  expect_unharmed(run);
}

// False reports.

/// Sleeps that are only reported, so that they are longer than any delay of the report.
const Arguments kNotSlept = {"--pause-min", "100s", "--pause-max", "300s"};

class FalseReports : public Peers {
 protected:
  /// The document of a run with one lying_worker, which must exit with `status`.
  json document_with(const std::string& mode, int status, const Arguments& more = {}) {
    Program& run =
        rollcall(Arguments{"-n", "6", "--pause-min", "100ms", "--pause-max", "300ms", "-w", "0",
                           "--access-file", access_file(), "--output", "json"} +
                 more);
    if (!wait_for_file("access")) return nullptr;
    Program& liar = lying_worker(mode);
    EXPECT_EQ(run.wait(), status) << run.story();
    EXPECT_EQ(liar.wait(), 0) << liar.story();
    return document_of(run);
  }
};

TEST_F(FalseReports, HonestReportsPass) {
  json document = document_with("honest", 0);
  EXPECT_THAT(failed_checks(document), IsEmpty());
  EXPECT_EQ(document["workers"][0]["name"], "liar");
}

TEST_F(FalseReports, ReportBeforeTheEndFails) {
  json document = document_with("at-once", 3, kNotSlept);
  EXPECT_EQ(document["validated"], false);
  EXPECT_THAT(failed_checks(document), Contains("finish_before_arrival"));
  EXPECT_THAT(failed_checks(document), Contains("dispatch_delay"));
  EXPECT_THAT(failed_checks(document), Contains("total_time"));
}

TEST_F(FalseReports, BackdatedReportFails) {
  json document = document_with("backdated", 3, kNotSlept);
  EXPECT_THAT(failed_checks(document), Contains("start_after_dispatch"));
  EXPECT_THAT(failed_checks(document), Contains("dispatch_delay"));
}

TEST_F(FalseReports, ShortSleepFails) {
  EXPECT_THAT(failed_checks(document_with("half", 3)), Contains("not_early"));
}

TEST_F(FalseReports, WrongResultFails) {
  json document = document_with("other-result", 3);
  EXPECT_THAT(failed_checks(document), testing::ElementsAre("result"));
  EXPECT_EQ(document["failed_checks"][0]["count"], 6);
  EXPECT_THAT(document["failed_checks"][0]["tasks"], SizeIs(6));
}

TEST_F(FalseReports, ClockJumpFails) {
  EXPECT_THAT(failed_checks(document_with("clock-ahead", 3)), Contains("finish_before_arrival"));
  EXPECT_THAT(failed_checks(document_with("clock-back", 3)), Contains("start_after_dispatch"));
}

TEST_F(FalseReports, AnUnknownClockFails) {
  EXPECT_THAT(failed_checks(document_with("no-echo", 3)), Contains("clocks"));
}

TEST_F(FalseReports, WrongCountInGoodbyeFails) {
  EXPECT_THAT(failed_checks(document_with("wrong-count", 3)),
              testing::ElementsAre("worker_counts"));
}

TEST_F(FalseReports, RepeatedOutcomesAreDropped) {
  json document = document_with("twice", 0);
  EXPECT_EQ(document["attempts"]["stale"], 6);
  EXPECT_EQ(document["workers"][0]["tasks_done"], 6);
}

TEST_F(FalseReports, OutcomesOfUnassignedTasksAreDropped) {
  Program& run = rollcall({"-n", "12", "--pause", "300ms", "-w", "0", "--wait-for-workers", "2",
                           "--access-file", access_file(), "--output", "json"});
  ASSERT_TRUE(wait_for_file("access"));
  Program& liar = lying_worker("unassigned");
  Program& honest = lying_worker("honest");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(liar.wait(), 0) << liar.story();
  EXPECT_EQ(honest.wait(), 0) << honest.story();
  json document = document_of(run);
  EXPECT_EQ(document["outcomes"]["succeeded"], 12);
  EXPECT_GT(document["attempts"]["stale"], 0);
}

TEST_F(FalseReports, AContradictionEndsTheSessionAndIsNotBelieved) {
  Program& run = start({programs_directory() / "rollcall",
                        {"exec", "--range", "1-3", "-w", "0", "--access-file", access_file(),
                         "--output", "json", "--", "true"},
                        {},
                        {},
                        {}});
  ASSERT_TRUE(wait_for_file("access"));
  Program& liar = lying_worker("contradiction");
  EXPECT_TRUE(run.wait_for_err("worker lost name=liar "));
  EXPECT_EQ(liar.wait(), 0) << liar.story();
  worker({"--access-file", access_file()});
  EXPECT_EQ(run.wait(), 0) << run.story();
  json document = document_of(run);
  EXPECT_EQ(document["outcomes"]["succeeded"], 3);
  EXPECT_EQ(document["workers"][0]["tasks_done"], 0);
}

TEST_F(FalseReports, TextOutputNamesTheCheckAndTheTasks) {
  Program& run =
      rollcall({"-n", "20", "--pause", "100ms", "-w", "0", "--access-file", access_file()});
  ASSERT_TRUE(wait_for_file("access"));
  Program& liar = lying_worker("other-result");
  EXPECT_EQ(run.wait(), 3) << run.story();
  EXPECT_EQ(liar.wait(), 0) << liar.story();
  EXPECT_THAT(run.err(), testing::AllOf(HasSubstr("validation failed: result:"),
                                        HasSubstr("20 tasks: 0 1 2")));
}

}  // namespace
}  // namespace rollcall::integration
