// Output reaches a slow reader completely, and the writer does not wait.
#include "coordinator/output/stream/stream_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>

#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

/// A pipe whose reader starts when the test asks it to.
class SlowReader {
 public:
  SlowReader() {
    if (::pipe(ends_.data()) != 0) std::abort();
    reader_ = std::thread([this, begun = begin_.get_future()] {
      waited_in_vain_ = begun.wait_for(std::chrono::minutes(1)) != std::future_status::ready;
      std::array<char, 65'536> piece{};
      for (ssize_t size = 1; size > 0;) {
        size = ::read(ends_[0], piece.data(), piece.size());
        if (size > 0) text_.append(piece.data(), static_cast<std::size_t>(size));
      }
    });
  }
  ~SlowReader() { ::close(ends_[0]); }
  SlowReader(const SlowReader&) = delete;
  SlowReader& operator=(const SlowReader&) = delete;

  int fd() const { return ends_[1]; }
  void begin() { begin_.set_value(); }
  /// All that was written.
  const std::string& text() {
    ::close(ends_[1]);
    reader_.join();
    return text_;
  }
  bool waited_in_vain() const { return waited_in_vain_; }

 private:
  std::array<int, 2> ends_{};
  std::promise<void> begin_;
  std::string text_;
  bool waited_in_vain_ = false;
  std::thread reader_;
};

/// Lines that differ, more than fit in memory.
std::string append_lines(StreamWriter& writer) {
  std::string all;
  for (int i = 0; all.size() < limits::output_in_memory + (8U << 20U); ++i) {
    const std::string line = std::to_string(i) + std::string(1'000'000, 'x') + "\n";
    all += line;
    writer.buffer() += line;
    writer.write_some();
  }
  return all;
}

TEST(StreamWriter, DoesNotWaitForAReaderThatIsFarBehind) {
  SlowReader reader;
  StreamWriter writer(reader.fd(), "standard output");
  std::string all = append_lines(writer);
  reader.begin();
  EXPECT_TRUE(writer.pending());
  EXPECT_LE(writer.bytes_in_memory(), limits::output_in_memory);
  EXPECT_EQ(writer.spool_error(), "");
  writer.buffer() += "the end\n";
  writer.write_all();
  EXPECT_FALSE(writer.pending());
  EXPECT_EQ(writer.failed(), "");
  EXPECT_TRUE(reader.text() == all + "the end\n");  // not EXPECT_EQ, which would print it
  EXPECT_FALSE(reader.waited_in_vain());
}

TEST(StreamWriter, HoldsEverythingInMemoryIfItCannotCreateATemporaryFile) {
  ::setenv("TMPDIR", "/not/there", 1);
  SlowReader reader;
  StreamWriter writer(reader.fd(), "standard output");
  ::unsetenv("TMPDIR");
  const std::string all = append_lines(writer);
  EXPECT_THAT(writer.spool_error(), testing::HasSubstr("/not/there"));
  EXPECT_GT(writer.bytes_in_memory(), limits::output_in_memory);
  reader.begin();
  writer.write_all();
  EXPECT_EQ(writer.failed(), "");
  EXPECT_TRUE(reader.text() == all);
}

}  // namespace
}  // namespace rollcall::coordinator
