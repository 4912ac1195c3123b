// Lines are found again, whether they are in memory or in a file.
#include "coordinator/exec/input/line_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "common/base/rng.h"

namespace rollcall::coordinator {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMiB = std::size_t{1} << 20U;
constexpr std::uint64_t kLinesAMiB = kMiB / 32;

/// The least that stays in memory.
LineStore::Memory least_memory() {
  return {2 * kMiB, os::temporary_directory()};
}

/// 31 bytes.
std::string numbered_line(std::uint64_t i) {
  std::string line = std::to_string(i);
  return line + std::string(31 - line.size(), 'x');
}

void add_lines(LineStore& store, std::uint64_t count) {
  std::string bytes;
  for (std::uint64_t i = store.size(); count > 0; ++i, --count) bytes += numbered_line(i) + "\n";
  ASSERT_TRUE(store.add(bytes));
}

/// The number of the first line that is not as it was added, or the number of lines.
std::uint64_t first_wrong_line(const LineStore& store) {
  for (std::uint64_t i = 0; i < store.size(); ++i) {
    if (store[i] != numbered_line(i)) return i;
  }
  return store.size();
}

/// Open temporary files without a name.
std::vector<int> temporary_files() {
  std::vector<int> files;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone).string();
    const bool is_ours = target.starts_with(os::temporary_directory() + "/rollcall-");
    if (is_ours && target.ends_with(" (deleted)")) {
      files.push_back(std::atoi(entry.path().filename().c_str()));
    }
  }
  return files;
}

TEST(LineStore, OffersALineAsSoonAsItIsComplete) {
  LineStore store('\n');
  ASSERT_TRUE(store.add("a"));
  EXPECT_EQ(store.size(), 0U);
  ASSERT_TRUE(store.add("b\nc"));
  ASSERT_EQ(store.size(), 1U);
  EXPECT_EQ(store[0], "ab");
  ASSERT_TRUE(store.add("\n\nd"));
  ASSERT_EQ(store.size(), 3U);
  EXPECT_EQ(store[1], "c");
  EXPECT_EQ(store[2], "");
  ASSERT_TRUE(store.finish());
  ASSERT_EQ(store.size(), 4U);
  EXPECT_EQ(store[0], "ab");
  EXPECT_EQ(store[3], "d");
}

TEST(LineStore, CountsTheBytesOfCompleteLines) {
  LineStore store('\n');
  EXPECT_EQ(store.bytes(), 0U);
  ASSERT_TRUE(store.add("ab\n\nc"));
  EXPECT_EQ(store.bytes(), 4U);
  ASSERT_TRUE(store.add("d\r\ne"));
  EXPECT_EQ(store.bytes(), 8U);
  ASSERT_TRUE(store.finish());
  EXPECT_EQ(store.bytes(), 9U) << "the last line lacks its separator";

  LineStore complete('\0');
  ASSERT_TRUE(complete.add(std::string_view("a\nb\0c\0", 6)));
  EXPECT_EQ(complete.bytes(), 6U);
  ASSERT_TRUE(complete.finish());
  EXPECT_EQ(complete.bytes(), 6U);
}

TEST(LineStore, MovesLinesToAFile) {
  LineStore store('\n', least_memory());
  add_lines(store, 10 * kLinesAMiB);
  EXPECT_EQ(temporary_files().size(), 1U);
  EXPECT_LT(store.memory(), 3 * kMiB);
  EXPECT_EQ(first_wrong_line(store), 10 * kLinesAMiB);
  EXPECT_LT(store.memory(), 3 * kMiB);
}

TEST(LineStore, OpensNoFileWhileMemoryIsLeft) {
  LineStore store('\n', least_memory());
  add_lines(store, 2 * kLinesAMiB - 1);
  EXPECT_THAT(temporary_files(), testing::IsEmpty());
  EXPECT_LT(LineStore('\n').memory(), 1'000U);
}

TEST(LineStore, GrowsWhileItIsRead) {
  LineStore store('\n', least_memory());
  Rng rng(7);
  std::uint64_t next = 0;  // reads in order, far behind
  while (store.size() < 12 * kLinesAMiB) {
    add_lines(store, kLinesAMiB / 8);
    for (int i = 0; i < 1'000; ++i, ++next) ASSERT_EQ(store[next], numbered_line(next));
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t any = rng.below(store.size());
      ASSERT_EQ(store[any], numbered_line(any));
    }
    ASSERT_EQ(store[store.size() - 1], numbered_line(store.size() - 1));
  }
  EXPECT_LT(store.memory(), 3 * kMiB);
}

TEST(LineStore, HoldsLinesOfAnyLength) {
  Rng rng(11);
  std::vector<std::string> lines;
  LineStore store('\n', least_memory());
  std::uint64_t bytes = 0;
  while (bytes < 8 * kMiB) {
    const std::size_t longest = rng.below(4) == 0 ? limits::input_line_bytes : 40;
    lines.emplace_back(rng.below(longest + 1), static_cast<char>('a' + rng.below(26)));
    bytes += lines.back().size() + 1;
    ASSERT_TRUE(store.add(lines.back() + "\n"));
  }
  EXPECT_EQ(store.bytes(), bytes);
  for (int i = 0; i < 2'000; ++i) {
    const std::uint64_t any = rng.below(lines.size());
    ASSERT_EQ(store[any], lines[any]);
  }
}

TEST(LineStore, StaysInMemoryWithoutAFile) {
  LineStore store('\n', {2 * kMiB, "/not/there"});
  add_lines(store, 6 * kLinesAMiB);
  EXPECT_GE(store.memory(), 6 * kMiB);
  EXPECT_EQ(first_wrong_line(store), 6 * kLinesAMiB);
}

TEST(LineStore, HoldsInMemoryWhatAFullDiskDoesNotTake) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit low{5 * kMiB / 2, limit.rlim_max};
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &low), 0);
  LineStore store('\n', least_memory());
  add_lines(store, 10 * kLinesAMiB);
  EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, before);
  EXPECT_GT(store.memory(), 6 * kMiB);
  EXPECT_EQ(first_wrong_line(store), 10 * kLinesAMiB);
  add_lines(store, 2 * kLinesAMiB);
  EXPECT_LT(store.memory(), 3 * kMiB) << "there is room on the disk again";
  EXPECT_EQ(first_wrong_line(store), 12 * kLinesAMiB);
}

TEST(LineStore, IsReadByThreadsAtTheSameTime) {
  LineStore store('\n', least_memory());
  add_lines(store, 6 * kLinesAMiB);
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    threads.emplace_back([&store, seed] {
      Rng rng(seed);
      for (int i = 0; i < 300; ++i) {
        const std::uint64_t any = rng.below(store.size());
        EXPECT_EQ(store[any], numbered_line(any));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(LineStoreDeathTest, EndsTheProgramIfItsFileCannotBeRead) {
  LineStore store('\n', least_memory());
  add_lines(store, 4 * kLinesAMiB);
  const std::vector<int> files = temporary_files();
  ASSERT_EQ(files.size(), 1U);
  ASSERT_EQ(::ftruncate(files.front(), 0), 0);
  EXPECT_DEATH(static_cast<void>(store[0]),
               "cannot read the temporary file of the input in .*: Input/output error");
}

}  // namespace
}  // namespace rollcall::coordinator
