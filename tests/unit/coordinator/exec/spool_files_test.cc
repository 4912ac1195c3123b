#include "coordinator/exec/results/spool_files.h"

#include "tests/support/spool_fixture.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "common/base/rng.h"
#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {
namespace {

using testing::HasSubstr;

/// A named directory that is empty at first.
std::string spool_directory() {
  const std::string directory = testing::TempDir() + "/run-output";
  std::filesystem::remove_all(directory);
  return directory;
}

std::unique_ptr<SpoolFiles> named(const std::string& directory) {
  auto files = open_named_spool(directory);
  EXPECT_TRUE(files) << files.error().message;
  return std::move(*files);
}

/// Both kinds of files.
class EachSpool : public testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<SpoolFiles> files() const {
    return GetParam() ? named(spool_directory()) : make_unnamed_spool(testing::TempDir());
  }
};

INSTANTIATE_TEST_SUITE_P(Spool, EachSpool, testing::Bool(),
                         [](const auto& is_named) { return is_named.param ? "Named" : "Unnamed"; });

TEST_P(EachSpool, ReturnsBytesInTheirOrder) {
  SpoolFixture s(files());
  s.spool->append(out_of(7), "one ");
  s.spool->append(err_of(7), "error");
  s.spool->append(out_of(7), "");
  s.spool->append(out_of(7), "two");
  s.run_until_written(out_of(7), 7);
  s.run_until_written(err_of(7), 5);
  EXPECT_EQ(*s.read(out_of(7)), "one two");
  EXPECT_EQ(*s.read(out_of(7), 2, 3), "e t");
  EXPECT_EQ(*s.read(out_of(7), 7), "");
  EXPECT_EQ(*s.read(out_of(7), 8), "");
  EXPECT_EQ(*s.read(err_of(7)), "error");
  EXPECT_EQ(*s.read(out_of(8)), "") << "there is none";
  s.spool->finished(key_of(7));
  EXPECT_EQ(*s.read(out_of(7)), "one two");
  s.spool->remove(key_of(7));
}

TEST_P(EachSpool, HoldsManyStreamsWithFewDescriptors) {
  constexpr std::uint32_t kTasks = 300;
  SpoolFixture s(files());
  std::map<SpoolStream, std::string> expected;
  Rng rng(1);
  for (int round = 0; round < 4; ++round) {
    for (std::uint32_t task = 0; task < kTasks; ++task) {
      const SpoolStream stream = rng.below(3) > 0 ? out_of(task) : err_of(task);
      const std::string bytes(1 + rng.below(3 * limits::spool_block / 2),
                              static_cast<char>('a' + rng.below(26)));
      expected[stream] += bytes;
      s.spool->append(stream, bytes);
    }
  }
  for (const auto& [stream, bytes] : expected) s.run_until_written(stream, bytes.size());
  const auto descriptors = std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  EXPECT_LT(descriptors, std::ptrdiff_t{limits::spool_descriptors} + 50);
  for (const auto& [stream, bytes] : expected) {
    ASSERT_TRUE(*s.read(stream) == bytes) << index(stream.key.task);
  }
  for (std::uint32_t task = 0; task < kTasks; ++task) s.spool->remove(key_of(task));
  EXPECT_EQ(s.spool->room(), kMuch);
}

TEST_P(EachSpool, CutsAStreamAndContinuesThere) {
  SpoolFixture s(files());
  const std::string bytes(3 * limits::spool_block, 'x');
  s.spool->append(out_of(1), bytes);
  s.run_until_written(out_of(1), bytes.size());
  const std::uint64_t at = limits::spool_block + 10;
  s.spool->cut(out_of(1), at);
  EXPECT_EQ(s.spool->written(out_of(1)), at);
  EXPECT_EQ(s.spool->room(), kMuch - at);
  s.written.clear();
  s.spool->append(out_of(1), "yz");
  s.run_until_written(out_of(1), at + 2);
  EXPECT_TRUE(*s.read(out_of(1)) == bytes.substr(0, at) + "yz");
  s.spool->cut(out_of(2), 0);
  s.spool->remove(key_of(1));
}

TEST_P(EachSpool, ReadsTheRestAfterTheBeginningIsReleased) {
  SpoolFixture s(files());
  const std::string bytes(3 * limits::spool_block, 'x');
  s.spool->append(out_of(1), bytes);
  s.run_until_written(out_of(1), bytes.size());
  s.spool->append(out_of(2), "other");
  s.run_until_written(out_of(2), 5);
  const auto reader = s.spool->reader();
  const std::uint64_t at = 2 * limits::spool_block + 10;
  reader->printed(out_of(1), at);
  EXPECT_EQ(s.spool->room(), kMuch - (bytes.size() - at) - 5);
  s.spool->append(out_of(1), "yz");
  s.run_until_written(out_of(1), bytes.size() + 2);
  EXPECT_EQ(*reader->read(out_of(1), at, kMuch), bytes.substr(at) + "yz");
  EXPECT_EQ(*reader->read(out_of(2), 0, kMuch), "other");
  reader->printed(key_of(1));
  reader->printed(key_of(2));
}

TEST_P(EachSpool, BeginsAgainAfterRemoval) {
  SpoolFixture s(files());
  s.spool->append(out_of(1), "first");
  s.run_until_written(out_of(1), 5);
  s.spool->remove(key_of(1));
  EXPECT_EQ(s.spool->written(out_of(1)), 0U);
  s.written.clear();
  s.spool->append(out_of(1), "2nd");
  s.run_until_written(out_of(1), 3);
  EXPECT_EQ(*s.read(out_of(1)), "2nd");
  s.spool->remove(key_of(1));
}

/// A low limit of file sizes for the life of the object.
class LowFileLimit {
 public:
  explicit LowFileLimit(rlim_t bytes) : before_(std::signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &limit_), 0);
    const rlimit low{bytes, limit_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &low), 0);
  }
  ~LowFileLimit() {
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit_), 0);
    std::signal(SIGXFSZ, before_);
  }
  LowFileLimit(const LowFileLimit&) = delete;
  LowFileLimit& operator=(const LowFileLimit&) = delete;

 private:
  rlimit limit_{};
  void (*before_)(int);
};

TEST_P(EachSpool, ReportsAFullDiskAndWritesTheRestOnRetry) {
  SpoolFixture s(files());
  const std::string bytes(5 * limits::spool_block, 'x');
  {
    const LowFileLimit low(3 * limits::spool_block / 2);
    s.spool->append(out_of(1), "begin");
    s.run_until_written(out_of(1), 5);
    s.spool->append(out_of(1), bytes);
    s.run_until([&] { return !s.troubles.empty(); });
    EXPECT_TRUE(s.troubles[0].is_disk_full);
    EXPECT_EQ(s.troubles[0].error, EFBIG);
    EXPECT_THAT(s.troubles[0].text, HasSubstr("cannot write output in "));
    EXPECT_EQ(*s.read(out_of(1)), "begin") << "reads go on";
    s.spool->retry();
    s.run_until([&] { return s.troubles.size() == 2; });
  }
  s.spool->append(out_of(1), "end");
  s.spool->retry();
  s.run_until_written(out_of(1), bytes.size() + 8);
  EXPECT_TRUE(*s.read(out_of(1)) == "begin" + bytes + "end");
  EXPECT_EQ(s.troubles.size(), 2U);
  s.spool->remove(key_of(1));
}

TEST(UnnamedSpool, UsesFreedBlocksWhenTheFileMayNotGrow) {
  SpoolFixture s(make_unnamed_spool(testing::TempDir()));
  const LowFileLimit low(4 * limits::spool_block);
  const std::string bytes(2 * limits::spool_block, 'x');
  for (const std::uint32_t task : {1U, 2U}) {
    s.spool->append(out_of(task), bytes);
    s.run_until_written(out_of(task), bytes.size());
  }
  s.spool->append(out_of(3), bytes);
  s.run_until([&] { return !s.troubles.empty(); });
  s.spool->remove(key_of(1));
  s.spool->retry();
  s.run_until_written(out_of(3), bytes.size());
  EXPECT_TRUE(*s.read(out_of(3)) == bytes);
  EXPECT_TRUE(*s.read(out_of(2)) == bytes);
}

TEST(UnnamedSpool, UsesBlocksOfPrintedBytes) {
  SpoolFixture s(make_unnamed_spool(testing::TempDir()));
  const LowFileLimit low(4 * limits::spool_block);
  const std::string bytes(2 * limits::spool_block, 'x');
  for (std::uint64_t end = bytes.size(); end < 10 * bytes.size(); end += bytes.size()) {
    s.spool->append(out_of(1), bytes);
    s.run_until_written(out_of(1), end);
    s.spool->reader()->printed(out_of(1), end);
  }
  EXPECT_TRUE(s.troubles.empty());
}

TEST(NamedSpool, FreesTheSpaceOfPrintedBytes) {
  const std::string directory = spool_directory();
  SpoolFixture s(named(directory));
  const std::size_t size = 8 * limits::spool_block;
  s.spool->append(out_of(1), std::string(size, 'x'));
  s.run_until_written(out_of(1), size);
  s.spool->reader()->printed(out_of(1), size - 1);
  EXPECT_EQ(*s.read(out_of(1), size - 1), "x");
  struct stat status {};
  ASSERT_EQ(::stat((directory + "/1-1-1-1.out").c_str(), &status), 0);
  EXPECT_EQ(static_cast<std::size_t>(status.st_size), size);
  EXPECT_LE(static_cast<std::size_t>(status.st_blocks) * 512, 2 * limits::spool_block);
  s.spool->remove(key_of(1));
}

TEST(UnnamedSpool, TriesAnotherBlockAfterAGap) {
  const auto files = make_unnamed_spool(testing::TempDir());
  const LowFileLimit low(2 * limits::spool_block);
  const std::string block(limits::spool_block, 'x');
  ASSERT_EQ(files->write(out_of(1), 0, block), 0);
  ASSERT_EQ(files->write(out_of(2), 0, block), 0);
  // The bytes before were printed without being written.
  files->release(out_of(3), 10);
  ASSERT_EQ(files->write(out_of(3), 10, "abc"), EFBIG);
  ASSERT_EQ(files->remove(out_of(1)), 0);
  ASSERT_EQ(files->write(out_of(3), 10, "abc"), 0);
  std::string bytes(3, '\0');
  ASSERT_EQ(files->read(out_of(3), 10, bytes), 0);
  EXPECT_EQ(bytes, "abc");
}

/// The length of the open temporary files without a name.
std::uintmax_t unnamed_bytes() {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const std::string target = std::filesystem::read_symlink(entry, error).string();
    const bool is_deleted = target.ends_with("(deleted)");
    if (is_deleted && target.starts_with(testing::TempDir())) bytes += file_size(entry.path());
  }
  return bytes;
}

TEST(UnnamedSpool, BeginsAgainWhenItIsEmpty) {
  SpoolFixture s(make_unnamed_spool(testing::TempDir()));
  s.spool->append(out_of(1), std::string(2 * limits::spool_block, 'x'));
  s.run_until_written(out_of(1), 2 * limits::spool_block);
  s.spool->remove(key_of(1));
  std::string bytes;
  for (const char c : {'a', 'b', 'c', 'd'}) bytes.append(limits::spool_block, c);
  s.spool->append(out_of(2), bytes);
  s.run_until_written(out_of(2), bytes.size());
  EXPECT_TRUE(*s.read(out_of(2)) == bytes);
  EXPECT_EQ(unnamed_bytes(), bytes.size());
  s.spool->remove(key_of(2));
  EXPECT_EQ(*s.read(out_of(2)), "");
  EXPECT_EQ(unnamed_bytes(), 0U);
  s.spool->append(out_of(3), "x");
  s.run_until_written(out_of(3), 1);
  EXPECT_EQ(unnamed_bytes(), 1U);
}

TEST(UnnamedSpool, ReportsADirectoryThatDoesNotExist) {
  SpoolFixture s(make_unnamed_spool("/nowhere"));
  s.spool->append(out_of(1), "x");
  s.run_until([&] { return !s.troubles.empty(); });
  EXPECT_TRUE(s.troubles[0].is_disk_full) << "it may exist later";
  EXPECT_EQ(s.troubles[0].text, "cannot write output in /nowhere: No such file or directory");
}

TEST(NamedSpool, IsFoundByALaterCoordinator) {
  const std::string directory = spool_directory();
  const SpoolStream other{{SessionIndex{3}, TaskId{70'000}, 65'535, 9}, kErr};
  {
    SpoolFixture s(named(directory), /*sync=*/true);
    s.spool->append(out_of(1), "one");
    s.spool->append(err_of(1), "error");
    s.spool->append(out_of(2), "two");
    s.spool->append(other, "other");
    s.run_until([&] { return s.written.size() == 4; });
  }
  std::ofstream(directory + "/1-2-3.out") << "another file";
  std::ofstream(directory + "/01-2-3-4.out") << "and another one";
  SpoolFixture s(named(directory), true, kMuch, 100);
  ASSERT_EQ(s.spool->existing().size(), 3U);
  EXPECT_EQ(s.spool->existing()[0].key, key_of(1));
  EXPECT_THAT(s.spool->existing()[0].bytes, testing::ElementsAre(3, 5));
  EXPECT_THAT(s.spool->existing()[1].bytes, testing::ElementsAre(3, 0));
  EXPECT_EQ(s.spool->existing()[2].key, other.key);
  EXPECT_EQ(s.spool->room(), 100U - 16);

  s.spool->remove_unlisted({key_of(1)});
  EXPECT_EQ(s.spool->room(), 100U - 8);
  EXPECT_EQ(s.spool->written(other), 0U);
  s.spool->cut(err_of(1), 3);
  s.spool->append(err_of(1), "?");
  s.run_until_written(err_of(1), 4);
  EXPECT_EQ(*s.read(err_of(1)), "err?");
  EXPECT_EQ(*s.read(out_of(1)), "one");
  s.spool.reset();
  EXPECT_FALSE(std::filesystem::exists(directory + "/1-2-1-1.out"));
  EXPECT_TRUE(std::filesystem::exists(directory + "/1-2-3.out")) << "not a file of the spool";
  std::filesystem::remove_all(directory);
}

TEST(NamedSpool, IsPrivateAndRemovesItsDirectoryIfItIsEmpty) {
  const std::string directory = spool_directory();
  SpoolFixture s(named(directory));
  s.spool->append(out_of(1), "one");
  s.run_until_written(out_of(1), 3);
  struct stat status {};
  ASSERT_EQ(::stat(directory.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat((directory + "/1-1-1-1.out").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  s.spool->remove(key_of(1));
  s.written.clear();
  s.spool->append(out_of(1), "2");
  s.run_until_written(out_of(1), 1);
  EXPECT_EQ(std::filesystem::file_size(directory + "/1-1-1-1.out"), 1U);
  s.spool->remove(key_of(1));
  s.spool.reset();
  EXPECT_FALSE(std::filesystem::exists(directory)) << "deletions are carried out at the end";
}

TEST(NamedSpool, FailsIfItsDirectoryCannotBeOpened) {
  const auto files = open_named_spool("/nowhere/output");
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().message, "cannot open /nowhere/output: No such file or directory");
}

}  // namespace
}  // namespace rollcall::coordinator
