// The users whose requests the control socket answers.
#include "coordinator/control/socket.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstring>
#include <deque>
#include <string>

#include "tests/support/output_test_files.h"

namespace rollcall::coordinator {
namespace {

constexpr ::uid_t kOtherUser = 65534;

/// The result of a request, as an exit status.
enum RequestResult : int { answered, not_answered, permission_denied, other_error };

/// Sends a request as `user` and exits.
[[noreturn]] void ask_and_exit(const std::string& path, ::uid_t user) {
  const bool is_other = user != ::geteuid();
  if (is_other && (::setgroups(0, nullptr) != 0 || ::setresuid(user, user, user) != 0)) {
    ::_exit(other_error);
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::_exit(errno == EACCES ? permission_denied : other_error);
  }
  const std::string line = "question\n";
  ::send(fd, line.data(), line.size(), MSG_NOSIGNAL);  // the socket may be closed already
  char byte = 0;
  ::_exit(::read(fd, &byte, 1) == 1 ? answered : not_answered);
}

class ControlSocketTest : public testing::Test {
 protected:
  ControlSocketTest() {
    ::chmod(directory_.file("").c_str(), 0755);
    auto listening = ControlSocket::listen(loop_, path(), [](const std::string& line) {
      EXPECT_EQ(line, "question");
      return std::string("answer");
    });
    EXPECT_TRUE(listening);
    if (listening) socket_ = std::move(*listening);
  }

  std::string path() const { return directory_.file("control"); }

  RequestResult ask_as(::uid_t user) {
    const ::pid_t child = ::fork();
    if (child == 0) ask_and_exit(path(), user);
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) loop_.run_for(std::chrono::milliseconds(5));
    return WIFEXITED(status) ? static_cast<RequestResult>(WEXITSTATUS(status)) : other_error;
  }

  TestDirectory directory_;
  boost::asio::io_context loop_;
  std::unique_ptr<ControlSocket> socket_;
};

TEST_F(ControlSocketTest, AnswersItsUser) {
  EXPECT_EQ(ask_as(::geteuid()), answered);
}

TEST_F(ControlSocketTest, DeniesAccessToOtherUsers) {
  if (::geteuid() != 0) GTEST_SKIP() << "requires root";
  EXPECT_EQ(ask_as(kOtherUser), permission_denied);
}

TEST_F(ControlSocketTest, DoesNotAnswerOtherUsersWhoCanConnect) {
  if (::geteuid() != 0) GTEST_SKIP() << "requires root";
  ASSERT_EQ(::chmod(path().c_str(), 0666), 0);
  EXPECT_NE(ask_as(kOtherUser), answered);
  EXPECT_EQ(ask_as(::geteuid()), answered);
}

/// Lines that the test hands out.
class TestLines final : public ControlLines {
 public:
  std::optional<std::string> next() override {
    if (waiting.empty()) return std::nullopt;
    ++taken;
    std::string line = std::move(waiting.front());
    waiting.pop_front();
    return line;
  }
  bool is_over() const override { return ended && waiting.empty(); }
  void more() const { announce(); }

  std::deque<std::string> waiting;
  std::size_t taken = 0;
  bool ended = false;
};

class ControlLinesTest : public testing::Test {
 protected:
  ControlLinesTest() {
    auto listening = ControlSocket::listen(loop_, directory_.file("control"), [this](const auto&) {
      return ControlAnswer(std::shared_ptr<ControlLines>(lines_));
    });
    EXPECT_TRUE(listening);
    if (listening) socket_ = std::move(*listening);
    boost::asio::local::stream_protocol::endpoint endpoint(directory_.file("control"));
    peer_.connect(endpoint);
    boost::asio::write(peer_, boost::asio::buffer(std::string("question\n")));
  }

  template <class Done>
  void run_until(Done done) {
    for (int i = 0; i < 10'000 && !done(); ++i) loop_.run_for(std::chrono::milliseconds(1));
    EXPECT_TRUE(done());
  }
  void read_until(const std::string& text) {
    run_until([&] {
      std::array<char, 1'000> bytes{};
      while (peer_.available() > 0) {
        received_.append(bytes.data(), peer_.read_some(boost::asio::buffer(bytes)));
      }
      return received_ == text;
    });
  }

  TestDirectory directory_;
  boost::asio::io_context loop_;
  std::shared_ptr<TestLines> lines_ = std::make_shared<TestLines>();
  std::unique_ptr<ControlSocket> socket_;
  boost::asio::local::stream_protocol::socket peer_{loop_};
  std::string received_;
};

TEST_F(ControlLinesTest, SendsLinesWhenThereAreMoreUntilTheLast) {
  lines_->waiting = {"a", "b"};
  read_until("a\nb\n");
  lines_->waiting = {"c"};
  lines_->more();
  read_until("a\nb\nc\n");
  lines_->ended = true;
  lines_->more();
  run_until([this] { return lines_.use_count() == 1; });
  boost::system::error_code error;
  char byte = 0;
  peer_.read_some(boost::asio::buffer(&byte, 1), error);
  EXPECT_EQ(error, boost::asio::error::eof);
}

TEST_F(ControlLinesTest, TakesNoLinesForAReaderThatDoesNotRead) {
  const std::string line(100'000, 'x');
  lines_->waiting.assign(100, line);
  run_until([this] { return lines_->taken > 0; });
  loop_.run_for(std::chrono::milliseconds(20));
  EXPECT_LT(lines_->taken, 50U) << "they wait in memory";
}

TEST_F(ControlLinesTest, DropsTheLinesOfAReaderThatHasLeft) {
  lines_->waiting = {"a"};
  read_until("a\n");
  peer_.close();
  run_until([this] { return lines_.use_count() == 1; });
}

}  // namespace
}  // namespace rollcall::coordinator
