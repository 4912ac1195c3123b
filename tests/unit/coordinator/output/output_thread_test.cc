// Nothing that a reader or a disk does makes the owner of an OutputThread wait.
#include "coordinator/output/stream/output_thread.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <future>
#include <string>
#include <thread>

#include "common/limits.h"
#include "tests/support/output_test_files.h"

namespace rollcall::coordinator {
namespace {

void append(OutputThread& thread, StreamWriter& stream, std::string text) {
  const std::size_t size = text.size();
  thread.post(size, [&stream, text = std::move(text)] { stream.buffer() += text; });
}

TEST(OutputThread, WritesInTheOrderOfItsSteps) {
  const MemoryFile file;
  OutputThread thread;
  StreamWriter& stream = thread.add_stream(file.fd(), "standard output");
  std::string all;
  for (int i = 0; i < 1'000; ++i) {
    append(thread, stream, std::to_string(i) + "\n");
    all += std::to_string(i) + "\n";
  }
  thread.drain();
  EXPECT_EQ(file.text(), all);
  EXPECT_EQ(thread.backlog(), 0U);
  EXPECT_TRUE(thread.is_idle());
}

TEST(OutputThread, RunsItsStepsBeforeItEnds) {
  const MemoryFile file;
  {
    OutputThread thread;
    append(thread, thread.add_stream(file.fd(), "standard output"), "text");
  }
  EXPECT_EQ(file.text(), "text");
}

TEST(OutputThread, CountsWhatNeitherTheReaderNorAFileHasTaken) {
  ::setenv("TMPDIR", "/not/there", 1);
  const Pipe pipe;
  OutputThread thread;
  StreamWriter& stream = thread.add_stream(pipe.write_end, "standard output");
  ::unsetenv("TMPDIR");
  std::atomic<bool> is_reading = false;
  std::promise<void> caught_up;
  thread.notify([&] {
    const bool has_room = thread.backlog() < limits::output_backlog;
    if (has_room && is_reading.exchange(false)) caught_up.set_value();
  });
  const std::size_t piece = 1U << 20U;
  std::size_t posted = 0;
  for (; thread.backlog() < limits::output_backlog; posted += piece) {
    append(thread, stream, std::string(piece, 'x'));
  }
  EXPECT_GE(posted, limits::output_backlog);
  EXPECT_LT(posted, limits::output_backlog + 2 * piece);  // little more than a pipe takes
  EXPECT_FALSE(thread.is_idle());
  is_reading = true;
  pipe.read(posted / 2);
  caught_up.get_future().wait();
  EXPECT_THAT(thread.spool_error(), testing::HasSubstr("/not/there"));
  pipe.read(posted - posted / 2);
  thread.drain();
  EXPECT_EQ(thread.failed(), "");
}

TEST(OutputThread, HoldsTheRestInAFile) {
  const Pipe pipe;
  OutputThread thread;
  StreamWriter& stream = thread.add_stream(pipe.write_end, "standard output");
  const std::size_t piece = 1U << 20U;
  const std::size_t pieces = 2 * limits::output_backlog / piece;
  for (std::size_t i = 0; i < pieces; ++i) {
    append(thread, stream, std::string(piece, 'x'));
    while (thread.backlog() > limits::output_in_memory + piece) std::this_thread::yield();
  }
  EXPECT_EQ(thread.spool_error(), "");
  pipe.read(pieces * piece);
  thread.drain();
}

TEST(OutputThread, ReportsAClosedReader) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  ::close(pipe.read_end);
  pipe.read_end = -1;
  OutputThread thread;
  StreamWriter& stream = thread.add_stream(pipe.write_end, "standard output");
  std::promise<void> notified;
  thread.notify([&] { notified.set_value(); });
  append(thread, stream, "text");
  notified.get_future().wait();
  EXPECT_EQ(thread.failed(), "cannot write standard output: Broken pipe");
  append(thread, stream, "more");
  thread.drain();
  thread.post(0, [&] { thread.fail("another reason"); });
  thread.drain();
  EXPECT_EQ(thread.failed(), "cannot write standard output: Broken pipe");
}

TEST(OutputThread, RefillsAsLongAsThereIsMore) {
  const MemoryFile file;
  OutputThread thread;
  StreamWriter& stream = thread.add_stream(file.fd(), "standard output");
  int left = 100;
  thread.after_each_round([&] {
    if (left == 0) return false;
    stream.buffer() += "x";
    --left;
    return true;
  });
  thread.post(0, [] {});
  thread.drain();
  EXPECT_EQ(file.text(), std::string(100, 'x'));
}

}  // namespace
}  // namespace rollcall::coordinator
