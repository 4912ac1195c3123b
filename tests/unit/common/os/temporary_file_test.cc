#include "common/os/temporary_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "common/os/file_io.h"

namespace rollcall::os {
namespace {

TEST(TemporaryFile, HasNoName) {
  const std::string directory = testing::TempDir() + "files";
  std::filesystem::create_directory(directory);
  const Descriptor file = temporary_file(directory);
  ASSERT_TRUE(file);
  EXPECT_TRUE(std::filesystem::is_empty(directory));
  EXPECT_EQ(::fcntl(file.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(write_at(file.get(), "text", 0), 0);
  std::string text(4, ' ');
  EXPECT_EQ(read_at(file.get(), text, 0), 0);
  EXPECT_EQ(text, "text");
  std::filesystem::remove(directory);
}

TEST(TemporaryFile, ReportsTheReasonInErrno) {
  EXPECT_FALSE(temporary_file("/not/there"));
  EXPECT_EQ(errno, ENOENT);
}

TEST(TemporaryFile, IsCreatedInTheDirectoryOfTheEnvironment) {
  const std::string before = temporary_directory();
  ::setenv("TMPDIR", "/some/directory", 1);
  EXPECT_EQ(temporary_directory(), "/some/directory");
  ::setenv("TMPDIR", "", 1);
  EXPECT_EQ(temporary_directory(), "/tmp");
  ::unsetenv("TMPDIR");
  EXPECT_EQ(temporary_directory(), "/tmp");
  ::setenv("TMPDIR", before.c_str(), 1);
}

}  // namespace
}  // namespace rollcall::os
