// The users whose requests the control socket answers.
#include "coordinator/control/socket.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
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

}  // namespace
}  // namespace rollcall::coordinator
