// The input of a resumed run is read on only if its file is the same.
#include "coordinator/exec/input/source_identity.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "common/os/descriptor.h"

namespace rollcall::coordinator {
namespace {

class SourceIdentity : public testing::Test {
 protected:
  ~SourceIdentity() override { std::filesystem::remove(path_); }

  void write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::app) << text;
    // The clock of file systems may be coarse.
    const timespec times[2] = {{0, UTIME_OMIT}, {++seconds_, 5}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
  std::string identity() const {
    const os::Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    return identity_of(file.get());
  }

  const std::string path_ = testing::TempDir() + "source";
  std::int64_t seconds_ = 1'700'000'000;
};

TEST_F(SourceIdentity, ASourceHasWhereItsReadingBegan) {
  write(path_, "abc\n");
  const os::Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  const std::string whole = source_of(file.get());
  EXPECT_EQ(whole, identity());
  EXPECT_EQ(begin_of(whole, identity()), 0U);
  ASSERT_EQ(::lseek(file.get(), 3, SEEK_SET), 3);
  const std::string rest = source_of(file.get());
  EXPECT_EQ(begin_of(rest, identity()), 3U);
  EXPECT_EQ(begin_of(rest, ""), std::nullopt);
  EXPECT_EQ(begin_of(identity() + "0", identity()), std::nullopt);
  write(path_, "d");
  EXPECT_EQ(begin_of(rest, identity()), std::nullopt);
}

TEST_F(SourceIdentity, IsTheSameForTheSameFile) {
  write(path_, "a\n");
  const std::string before = identity();
  EXPECT_THAT(before, testing::MatchesRegex("file [0-9]+:[0-9]+:2:1700000001.000000005"));
  std::ifstream(path_).get();
  EXPECT_EQ(identity(), before);
  std::filesystem::rename(path_, path_ + "-moved");
  std::filesystem::rename(path_ + "-moved", path_);
  EXPECT_EQ(identity(), before);
}

TEST_F(SourceIdentity, DiffersAfterAChange) {
  write(path_, "a\n");
  const std::string before = identity();
  write(path_, "b\n");
  const std::string appended = identity();
  EXPECT_NE(appended, before);
  write(path_, "");
  EXPECT_NE(identity(), appended) << "rewritten with the same size";
}

TEST_F(SourceIdentity, DiffersForAnotherFile) {
  write(path_, "a\n");
  const std::string before = identity();
  --seconds_;
  write(path_ + "-new", "a\n");
  std::filesystem::rename(path_ + "-new", path_);
  EXPECT_NE(identity(), before);
}

TEST_F(SourceIdentity, IsEmptyUnlessItIsARegularFile) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const os::Descriptor reading(ends[0]);
  const os::Descriptor writing(ends[1]);
  EXPECT_EQ(identity_of(reading.get()), "");
  const os::Descriptor directory(::open("/", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(identity_of(directory.get()), "");
  const os::Descriptor device(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(identity_of(device.get()), "");
  EXPECT_EQ(identity_of(-1), "");
}

}  // namespace
}  // namespace rollcall::coordinator
