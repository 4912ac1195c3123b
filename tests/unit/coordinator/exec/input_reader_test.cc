// The input is read in order, only on request, and never makes its owner wait.
#include "coordinator/exec/input/input_reader.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <cstdlib>
#include <list>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "common/limits.h"
#include "common/os/file_io.h"

namespace rollcall::coordinator {
namespace {

/// The number of bytes in a pipe.
std::size_t bytes_in(const os::Descriptor& pipe) {
  int bytes = -1;
  EXPECT_EQ(::ioctl(pipe.get(), FIONREAD, &bytes), 0);
  return static_cast<std::size_t>(bytes);
}

/// Owns a reader, collects its input and runs its handlers on the thread of the test.
class InputReaderTest : public testing::Test {
 protected:
  InputReaderTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), 0), 0);
    read_end_ = os::Descriptor(ends[0]);
    write_end_ = os::Descriptor(ends[1]);
  }

  InputReader& read(os::Descriptor fd) {
    return reader_.emplace(context_, std::move(fd), handlers());
  }
  InputReader& read_pipe() { return read(std::move(read_end_)); }
  /// Runs handlers until the input has ended. Each chunk requests the next one.
  void run_to_end() {
    reads_on_ = true;
    reader_->request();
    run_until([this] { return ends_ > 0 || !why_.empty(); });
  }
  void run_until(auto condition) {
    while (!condition()) ASSERT_EQ(context_.run_one(), 1U);
  }
  void write(std::string_view bytes) const { ASSERT_EQ(os::write_all(write_end_.get(), bytes), 0); }

  InputReader::Handlers handlers() {
    return {[this](std::string chunk) {
              EXPECT_THAT(chunk.size(),
                          testing::AllOf(testing::Ge(1U), testing::Le(limits::input_chunk)));
              text_ += chunk;
              ++chunks_;
              if (reads_on_) reader_->request();
            },
            [this] { ++ends_; }, [this](const std::string& why) { why_ = why; }};
  }

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  os::Descriptor read_end_;
  os::Descriptor write_end_;
  bool reads_on_ = false;
  std::string text_;
  int chunks_ = 0;
  int ends_ = 0;
  std::string why_;
  std::optional<InputReader> reader_;
};

std::string much_text() {
  std::string text;
  for (int i = 0; text.size() < 3'000'000; ++i) text += std::to_string(i) + "\n";
  return text;
}

TEST_F(InputReaderTest, ReadsAPipeToItsEnd) {
  const std::string expected = much_text();
  read_pipe();
  std::thread writer([&] {
    write(expected);
    write_end_.reset();
  });
  run_to_end();
  writer.join();
  EXPECT_EQ(text_, expected);
  EXPECT_EQ(ends_, 1);
}

TEST_F(InputReaderTest, ReadsAFileToItsEnd) {
  const std::string expected = much_text();
  os::Descriptor file(::memfd_create("input", 0));
  ASSERT_EQ(os::write_all(file.get(), expected), 0);
  ASSERT_EQ(::lseek(file.get(), 5, SEEK_SET), 5);
  read(std::move(file));
  run_to_end();
  EXPECT_EQ(text_, expected.substr(5));
}

TEST_F(InputReaderTest, ReadsASocketToItsEnd) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  read(os::Descriptor(ends[0]));
  write_end_ = os::Descriptor(ends[1]);
  write("text");
  reader_->request();
  run_until([this] { return chunks_ == 1; });
  write_end_.reset();
  run_to_end();
  EXPECT_EQ(text_, "text");
}

TEST_F(InputReaderTest, ReadsATerminalLineByLine) {
  write_end_ = os::Descriptor(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_EQ(::grantpt(write_end_.get()), 0);
  ASSERT_EQ(::unlockpt(write_end_.get()), 0);
  os::Descriptor terminal(::open(::ptsname(write_end_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  read(std::move(terminal));
  reader_->request();
  write("a\n");
  run_until([this] { return text_ == "a\n"; });
  write("b\n\x04");  // control-D at the beginning of a line
  run_to_end();
  EXPECT_EQ(text_, "a\nb\n");
}

TEST_F(InputReaderTest, PassesOnEachLineAtOnce) {
  read_pipe();
  for (int i = 0; i < 100; ++i) {
    const std::string line = std::to_string(i) + "\n";
    write(line);
    reader_->request();
    run_until([&] { return chunks_ == i + 1; });
    EXPECT_TRUE(text_.ends_with(line));
  }
}

TEST_F(InputReaderTest, ReadsNothingWithoutARequest) {
  write("text");
  read_pipe();
  reader_->stop();
  EXPECT_EQ(bytes_in(write_end_), 4U);
  EXPECT_EQ(context_.poll(), 0U);
}

TEST_F(InputReaderTest, ReadsOneChunkForEachRequest) {
  constexpr std::size_t kPipe = std::size_t{1} << 20U;
  ASSERT_EQ(::fcntl(write_end_.get(), F_SETPIPE_SZ, kPipe), static_cast<int>(kPipe));
  write(std::string(kPipe, 'x'));  // now the pipe is full
  read_pipe();
  reader_->request();
  run_until([this] { return chunks_ == 1; });
  EXPECT_EQ(bytes_in(write_end_), kPipe - text_.size());
  for (int i = 0; i < 100; ++i) reader_->request();  // most are ignored
  run_until([this] { return chunks_ == 1 + static_cast<int>(limits::input_chunks); });
  reader_->stop();
  EXPECT_EQ(bytes_in(write_end_), kPipe - text_.size());
  EXPECT_LE(text_.size(), (1 + limits::input_chunks) * limits::input_chunk);
  EXPECT_EQ(context_.poll(), 0U);
}

TEST_F(InputReaderTest, ReportsTheEndOnRequestOnly) {
  write("text");
  write_end_.reset();
  read_pipe();
  reader_->request();
  run_until([this] { return chunks_ == 1; });
  EXPECT_EQ(ends_, 0);
  reader_->request();
  run_until([this] { return ends_ == 1; });
  for (int i = 0; i < 10; ++i) reader_->request();
  reader_->stop();
  EXPECT_EQ(context_.poll(), 0U);
}

TEST_F(InputReaderTest, ReportsWhyItCannotRead) {
  read(os::Descriptor(::open("/", O_RDONLY | O_CLOEXEC)));
  run_to_end();
  EXPECT_EQ(why_, "cannot be read: Is a directory");
  why_.clear();
  read(std::move(write_end_));
  run_to_end();
  EXPECT_EQ(why_, "cannot be read: Bad file descriptor");
  EXPECT_EQ(ends_, 0);
}

TEST_F(InputReaderTest, StopsWhileTheInputIsSilent) {
  read_pipe();
  reader_->request();
  reader_->stop();
  reader_->stop();
  reader_->request();
  EXPECT_EQ(context_.poll(), 0U);
}

TEST_F(InputReaderTest, CallsNoHandlerAfterItsDestruction) {
  read_pipe();
  write("text");
  reader_->request();
  while (bytes_in(write_end_) > 0) std::this_thread::yield();
  reader_.reset();
  EXPECT_EQ(context_.poll(), 1U) << "the call was posted before";
  EXPECT_EQ(chunks_, 0);
}

TEST_F(InputReaderTest, IsDestroyedByItsHandler) {
  InputReader::Handlers own = handlers();
  own.on_chunk = [this, text = std::string(100, 'x')](const std::string&) {
    reader_.reset();
    ++chunks_;
    EXPECT_EQ(text.size(), 100U);
  };
  write("text");
  reader_.emplace(context_, std::move(read_end_), own);
  reader_->request();
  reader_->request();
  run_until([this] { return chunks_ == 1; });
  EXPECT_EQ(context_.poll(), 0U);
}

TEST_F(InputReaderTest, LeavesTheFlagsOfTheOpenFile) {
  const os::Descriptor copy(::dup(read_end_.get()));
  const int flags = ::fcntl(copy.get(), F_GETFL);
  const int fd = read_end_.get();
  read_pipe();
  write("text");
  reader_->request();
  run_until([this] { return chunks_ == 1; });
  EXPECT_EQ(::fcntl(copy.get(), F_GETFL), flags);
  EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(::fcntl(copy.get(), F_GETFD), 0);
}

TEST_F(InputReaderTest, StopsAfterAnotherReaderHasTakenTheBytes) {
  const std::string path = testing::TempDir() + "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  write_end_ = os::Descriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  // Which reader gets the byte, and whether another one was about to read it, is chance.
  for (int i = 1; i <= 1'000; ++i) {
    std::list<InputReader> readers;
    for (int n = 0; n < 4; ++n) {
      readers.emplace_back(context_, os::Descriptor(::open(path.c_str(), O_RDONLY)), handlers())
          .request();
    }
    write("x");
    run_until([&] { return chunks_ == i; });
  }
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace rollcall::coordinator
