// Readers of the output that are slow: the run goes on, memory is bounded, and the coordinator
// answers.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "tests/support/http_get.h"
#include "tests/support/peak_memory.h"
#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// The reading end of a named pipe. Reads only when the test asks for it.
class SlowReader {
 public:
  explicit SlowReader(const std::string& path) : path_(path) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    fd_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    EXPECT_GE(fd_, 0);
    ::fcntl(fd_, F_SETPIPE_SZ, 1 << 20);  // to be read in few pieces
  }
  ~SlowReader() { ::close(fd_); }
  SlowReader(const SlowReader&) = delete;
  SlowReader& operator=(const SlowReader&) = delete;

  const std::string& path() const { return path_; }
  /// Reads until the pipe is empty. Returns the bytes read so far.
  std::size_t read() {
    for (ssize_t got = 1; got > 0;) {
      got = ::read(fd_, piece_.data(), piece_.size());
      if (got > 0) bytes_ += static_cast<std::size_t>(got);
    }
    return bytes_;
  }

 private:
  std::string path_;
  int fd_ = -1;
  std::vector<char> piece_ = std::vector<char>(1U << 20U);
  std::size_t bytes_ = 0;
};

class SlowReaders : public ProgramsTest {
 protected:
  /// `rollcall exec ARGUMENTS`, which writes to the reader.
  Program& exec_to(const SlowReader& reader, Arguments arguments,
                   const Environment& environment = {}) {
    arguments.insert(arguments.begin(), "exec");
    return start({programs_directory() / "rollcall", arguments, environment, "", reader.path()});
  }
  json status_of(const std::string& control) {
    Program& status = start({programs_directory() / "rollcall",
                             {"status", "--control", control, "--output", "json"},
                             {},
                             "",
                             {}});
    return status.wait() == 0 ? json::parse(status.out()) : json();
  }
};

TEST_F(SlowReaders, TheCoordinatorAnswersWhileTheLastOutputIsRead) {
  SlowReader reader(file("pipe"));
  Program& run =
      exec_to(reader, {"--range", "1-2", "-w", "1", "-q", "--http", "127.0.0.1:*", "--log-level",
                       "info", "--control", file("control"), "--max-output", "6M", "--", "head",
                       "-c", "3000000", "/dev/zero"});
  ASSERT_TRUE(run.wait_for_err("answering health checks url="));
  const int port = http_port(run.err());
  ASSERT_TRUE(wait_until([&] {
    const json status = status_of(file("control"));
    return status.is_object() && status["tasks"]["done"] == 2;
  }));
  // All workers have left, and only the reader is awaited.
  ASSERT_TRUE(wait_until([&] { return status_of(file("control"))["workers"].empty(); }));
  EXPECT_TRUE(run.running());
  EXPECT_THAT(http_get(port, "/healthz"), HasSubstr("200 OK"));
  EXPECT_THAT(http_get(port, "/readyz"), HasSubstr("503"));
  ASSERT_TRUE(wait_until([&] { return reader.read() == 6'000'000U; }));
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(SlowReaders, ASignalEndsARunWhoseOutputIsNotRead) {
  SlowReader reader(file("pipe"));
  Program& run =
      exec_to(reader, {"--range", "1-2", "-w", "1", "-q", "--access-file", access_file(),
                       "--control", file("control"), "--", "head", "-c", "1000000", "/dev/zero"});
  ASSERT_TRUE(wait_until([&] {
    const json status = status_of(file("control"));
    return status.is_object() && status["tasks"]["done"] == 2 && status["workers"].empty();
  }));
  ASSERT_TRUE(wait_until([&] {
    run.signal(SIGTERM);
    return !run.running();
  }));
  EXPECT_EQ(run.wait(), 128 + SIGTERM);
  EXPECT_FALSE(std::filesystem::exists(access_file()));
  EXPECT_FALSE(std::filesystem::exists(file("control")));
}

/// 300 MB of output and a reader that stops: with a file for the rest and without one.
class SlowOutput : public SlowReaders, public testing::WithParamInterface<const char*> {};

TEST_P(SlowOutput, TakesBoundedMemoryAndLosesNoWorker) {
  const bool has_file = std::string(GetParam()).empty();
  SlowReader reader(file("pipe"));
  Environment environment;
  if (!has_file) environment["TMPDIR"] = GetParam();
  constexpr std::size_t kAll = 300'000'000;
  Program& run = exec_to(
      reader,
      {"--range", "1-300", "-w", "2", "-j", "4", "-q", "--liveness", "3s", "--heartbeat-interval",
       "300ms", "--control", file("control"), "--", "head", "-c", "1000000", "/dev/zero"},
      environment);
  if (has_file) {
    ASSERT_TRUE(wait_until([&] {
      const json status = status_of(file("control"));
      return status.is_object() && status["tasks"]["done"] == 300;
    }));
  } else {
    ASSERT_TRUE(run.wait_for_err("no file can hold the rest"));
  }
  std::size_t memory = 0;
  ASSERT_TRUE(wait_until([&] {
    memory = std::max(memory, peak_memory(run.pid()));
    return reader.read() == kAll;
  }));
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.err().find("lost"), std::string::npos) << run.err();
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(memory, 220'000'000U);  // 64 MiB of output, what is on its way, and the program
#endif
}

INSTANTIATE_TEST_SUITE_P(, SlowOutput, testing::Values("", "/not/there"), [](const auto& param) {
  return *param.param == '\0' ? std::string("InAFile") : std::string("InMemory");
});

}  // namespace
}  // namespace rollcall::integration
