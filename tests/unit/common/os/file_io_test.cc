#include "common/os/file_io.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "common/os/descriptor.h"

namespace rollcall::os {
namespace {

TEST(FileIo, WritesMoreThanAPipeHolds) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe(ends), 0);
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  const std::string text(1'000'000, 'x');
  std::string received;
  int error = -1;
  std::thread reader([&] { error = read_all(reading.get(), 2 * text.size(), received); });
  EXPECT_EQ(write_all(writing.get(), text), 0);
  writing.reset();
  reader.join();
  EXPECT_EQ(error, 0);
  EXPECT_EQ(received, text);
}

TEST(FileIo, ReadsNoMoreThanAsked) {
  const Descriptor file(::memfd_create("file", MFD_CLOEXEC));
  ASSERT_EQ(write_all(file.get(), "0123456789"), 0);
  ASSERT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
  std::string text;
  EXPECT_EQ(read_all(file.get(), 4, text), 0);
  EXPECT_EQ(text, "0123");
}

TEST(FileIo, ReadsAndWritesAtAnOffset) {
  const Descriptor file(::memfd_create("file", MFD_CLOEXEC));
  EXPECT_EQ(write_at(file.get(), "56789", 5), 0);
  EXPECT_EQ(write_at(file.get(), "01234", 0), 0);
  std::string text(4, ' ');
  EXPECT_EQ(read_at(file.get(), text, 3), 0);
  EXPECT_EQ(text, "3456");
  EXPECT_EQ(read_at(file.get(), text, 7), EIO) << "the file ends before";
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), 0);
}

TEST(FileIo, ReturnsTheErrorOfTheSystem) {
  std::string text(1, ' ');
  EXPECT_EQ(read_at(-1, text, 0), EBADF);
  EXPECT_EQ(write_at(-1, "x", 0), EBADF);
  text.clear();
  EXPECT_EQ(read_all(-1, 1, text), EBADF);
  EXPECT_EQ(write_all(-1, "x"), EBADF);
  EXPECT_EQ(write_all(-1, ""), 0);
}

}  // namespace
}  // namespace rollcall::os
