#include "coordinator/exec/results/output_spool.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/base/rng.h"
#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto kOut = OutputStream::out;
constexpr auto kErr = OutputStream::err;
constexpr std::uint64_t kMuch = 1U << 30U;

SpoolKey key_of(std::uint32_t task, std::uint32_t session = 1) {
  return {SessionIndex{session}, TaskId{task}, 1, 1};
}
SpoolStream out_of(std::uint32_t task) {
  return {key_of(task), kOut};
}
SpoolStream err_of(std::uint32_t task) {
  return {key_of(task), kErr};
}

/// A disk in memory, which the test watches, stops and fails. Outlives the files.
struct Disk {
  void call(const std::string& what) {
    std::unique_lock lock(mutex);
    calls.push_back(what);
    resumed.wait(lock, [this] { return !is_stopped; });
  }
  void stop() {
    const std::lock_guard lock(mutex);
    is_stopped = true;
  }
  void resume() {
    const std::lock_guard lock(mutex);
    is_stopped = false;
    resumed.notify_all();
  }
  std::size_t count(const std::string& what) {
    const std::lock_guard lock(mutex);
    return static_cast<std::size_t>(std::count(calls.begin(), calls.end(), what));
  }
  /// Until it was called.
  void wait_for(const std::string& what) {
    while (count(what) == 0) std::this_thread::yield();
  }
  /// Every call of this function fails until the error is 0.
  void fail(const std::string& function, int error) {
    const std::lock_guard lock(mutex);
    errors[function] = error;
  }
  int error(const std::string& function) {
    const std::lock_guard lock(mutex);
    return errors[function];
  }

  std::mutex mutex;
  std::condition_variable resumed;
  bool is_stopped = false;
  std::vector<std::string> calls;
  std::map<std::string, int> errors;
  std::map<SpoolStream, std::string> bytes;
  std::map<SpoolStream, std::size_t> synced;
};

class FakeFiles final : public SpoolFiles {
 public:
  explicit FakeFiles(Disk& disk) : disk_(disk) {}

  const std::string& directory() const override { return directory_; }
  std::vector<SpooledOutput> list() override { return {}; }
  int write(const SpoolStream& stream, std::uint64_t at, std::string_view bytes) override {
    if (const int error = called("write"); error != 0) return error;
    const std::lock_guard lock(disk_.mutex);
    std::string& file = disk_.bytes[stream];
    EXPECT_LE(at, file.size()) << "a gap";
    file.resize(at);
    file.append(bytes);
    return 0;
  }
  int sync(const SpoolStream& stream) override {
    if (const int error = called("sync"); error != 0) return error;
    const std::lock_guard lock(disk_.mutex);
    disk_.synced[stream] = disk_.bytes[stream].size();
    return 0;
  }
  int sync_names() override { return called("sync_names"); }
  int read(const SpoolStream& stream, std::uint64_t at, std::span<char> bytes) override {
    if (const int error = called("read"); error != 0) return error;
    const std::lock_guard lock(disk_.mutex);
    const std::string& file = disk_.bytes[stream];
    if (file.size() < at + bytes.size()) return EIO;
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(at), bytes.size(), bytes.begin());
    return 0;
  }
  int cut(const SpoolStream& stream, std::uint64_t at) override {
    called("cut");
    const std::lock_guard lock(disk_.mutex);
    disk_.bytes[stream].resize(at);
    return 0;
  }
  int remove(const SpoolStream& stream) override {
    called("remove");
    const std::lock_guard lock(disk_.mutex);
    disk_.bytes.erase(stream);
    return 0;
  }
  void close(const SpoolStream&) override { called("close"); }

 private:
  int called(const std::string& function) {
    disk_.call(function);
    return disk_.error(function);
  }

  Disk& disk_;
  std::string directory_ = "/fake";
};

/// A spool, the loop that it reports to, and all that it has reported.
class SpoolFixture {
 public:
  explicit SpoolFixture(std::unique_ptr<SpoolFiles> files, bool sync = false,
                        std::uint64_t memory = kMuch, std::uint64_t disk = kMuch) {
    spool.emplace(loop, std::move(files),
                  OutputSpool::Settings{.memory_bytes = memory, .disk_bytes = disk, .sync = sync},
                  OutputSpool::Handlers{[this](const auto& all) { note(all); },
                                        [this](const auto& one) { troubles.push_back(one); }});
  }

  template <class Done>
  void run_until(Done done) {
    loop.restart();
    const auto guard = boost::asio::make_work_guard(loop);
    while (!done()) ASSERT_EQ(loop.run_one_for(30s), 1U) << "timed out";
  }
  void run_until_written(const SpoolStream& stream, std::uint64_t bytes) {
    run_until([&] { return spool->written(stream) == bytes; });
  }
  Result<std::string> read(const SpoolStream& stream, std::uint64_t from = 0,
                           std::size_t most = kMuch) {
    std::optional<Result<std::string>> result;
    spool->read(stream, from, most, [&](Result<std::string> bytes) { result = bytes; });
    run_until([&] { return result.has_value(); });
    return *result;
  }

  boost::asio::io_context loop;
  std::map<SpoolStream, std::uint64_t> written;
  std::vector<SpoolTrouble> troubles;
  std::function<void(const SpooledSoFar&)> check = [](const SpooledSoFar&) {};
  std::optional<OutputSpool> spool;

 private:
  void note(const std::vector<SpooledSoFar>& all) {
    for (const SpooledSoFar& one : all) {
      EXPECT_GT(one.bytes, written[one.stream]);
      EXPECT_EQ(spool->written(one.stream), one.bytes);
      written[one.stream] = one.bytes;
      check(one);
    }
  }
};

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
  EXPECT_FALSE(s.troubles[0].is_disk_full);
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

TEST(OutputSpool, ReportsBytesOnlyWhenTheyAreSynced) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk), /*sync=*/true);
  s.check = [&](const SpooledSoFar& one) {
    const std::lock_guard lock(disk.mutex);
    EXPECT_GE(disk.synced[one.stream], one.bytes);
  };
  disk.stop();
  s.spool->append(out_of(1), "a");
  disk.wait_for("write");
  // A batch grows while another one is written.
  for (std::uint32_t i = 0; i < 10; ++i) s.spool->append(out_of(1 + i % 2), "b");
  disk.resume();
  s.run_until_written(out_of(1), 6);
  s.run_until_written(out_of(2), 5);
  EXPECT_EQ(disk.count("sync"), 3U) << "one for each file of a batch";
  EXPECT_EQ(disk.count("sync_names"), 2U);
}

TEST(OutputSpool, WithoutSyncNothingIsSynced) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk));
  s.spool->append(out_of(1), "a");
  s.run_until_written(out_of(1), 1);
  EXPECT_EQ(disk.count("sync") + disk.count("sync_names"), 0U);
}

TEST(OutputSpool, WritesBytesAgainWhoseSyncFailed) {
  for (const std::string function : {"sync", "sync_names"}) {
    Disk disk;
    SpoolFixture s(std::make_unique<FakeFiles>(disk), /*sync=*/true);
    disk.fail(function, EIO);
    s.spool->append(out_of(1), "ab");
    s.run_until([&] { return !s.troubles.empty(); });
    EXPECT_FALSE(s.troubles[0].is_disk_full);
    EXPECT_EQ(s.troubles[0].text, "cannot write output in /fake: Input/output error");
    EXPECT_TRUE(s.written.empty());
    disk.fail(function, 0);
    s.spool->append(out_of(1), "c");
    s.spool->retry();
    s.run_until_written(out_of(1), 3);
    EXPECT_EQ(disk.count("write"), 3U);
    EXPECT_EQ(*s.read(out_of(1)), "abc");
  }
}

TEST(OutputSpool, KeepsCountOfItsRoom) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk), false, /*memory=*/10, /*disk=*/25);
  EXPECT_EQ(s.spool->room(), 10U);
  disk.stop();
  s.spool->append(out_of(1), std::string(8, 'x'));
  EXPECT_EQ(s.spool->room(), 2U);
  s.spool->append(out_of(2), std::string(8, 'x'));
  EXPECT_EQ(s.spool->room(), 0U) << "it has taken more than its limit";
  disk.resume();
  s.run_until_written(out_of(1), 8);
  s.run_until_written(out_of(2), 8);
  EXPECT_EQ(s.spool->room(), 9U);
  s.spool->append(out_of(2), std::string(10, 'x'));
  s.run_until_written(out_of(2), 18);
  EXPECT_EQ(s.spool->room(), 0U);
  s.spool->remove(key_of(1));
  EXPECT_EQ(s.spool->room(), 7U);
  s.spool->cut(out_of(2), 16);
  EXPECT_EQ(s.spool->room(), 9U);
  s.spool->remove(key_of(2));
  EXPECT_EQ(s.spool->room(), 10U);
}

TEST(OutputSpool, KeepsTheOrderOfAStreamOnRetry) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk));
  disk.stop();
  disk.fail("write", ENOSPC);
  s.spool->append(out_of(1), "ab");
  disk.wait_for("write");
  s.spool->append(out_of(1), "c");
  disk.resume();
  s.run_until([&] { return !s.troubles.empty(); });
  disk.fail("write", 0);
  s.spool->retry();
  s.run_until_written(out_of(1), 3);
  EXPECT_EQ(*s.read(out_of(1)), "abc");
}

TEST(OutputSpool, DeletesWhatWaitsOnAFullDisk) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk), false, /*memory=*/100);
  s.spool->append(out_of(3), "xyz");
  s.run_until_written(out_of(3), 3);
  disk.fail("write", ENOSPC);
  s.spool->append(out_of(1), "ab");
  s.run_until([&] { return !s.troubles.empty(); });
  EXPECT_TRUE(s.troubles[0].is_disk_full);
  s.spool->append(out_of(2), "cd");
  s.spool->append(out_of(3), "uvw");
  EXPECT_EQ(s.spool->room(), 93U);
  s.spool->remove(key_of(1));
  EXPECT_EQ(s.spool->room(), 95U);
  s.spool->cut(out_of(3), 1);
  EXPECT_EQ(s.spool->room(), 98U);
  s.spool->append(out_of(3), "!");
  s.written.clear();
  disk.fail("write", 0);
  s.spool->retry();
  s.run_until_written(out_of(2), 2);
  s.run_until_written(out_of(3), 2);
  EXPECT_EQ(*s.read(out_of(3)), "x!");
  EXPECT_EQ(s.spool->room(), 100U);
  EXPECT_FALSE(disk.bytes.contains(out_of(1)));
  EXPECT_FALSE(s.written.contains(out_of(1)));
}

TEST(OutputSpool, ReportsNothingOfAnOutputThatWasRemovedWhileItWasWritten) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk));
  disk.stop();
  s.spool->append(out_of(1), "ab");
  disk.wait_for("write");
  s.spool->append(out_of(3), "waits");
  s.spool->remove(key_of(1));
  s.spool->remove(key_of(3));
  s.spool->append(out_of(1), "c");
  s.spool->append(out_of(2), "d");
  disk.resume();
  s.run_until_written(out_of(2), 1);
  s.run_until_written(out_of(1), 1);
  EXPECT_EQ(*s.read(out_of(1)), "c");
  EXPECT_EQ(s.written, (std::map<SpoolStream, std::uint64_t>{{out_of(1), 1}, {out_of(2), 1}}));
  EXPECT_FALSE(disk.bytes.contains(out_of(3)));
}

TEST(OutputSpool, ReportsAFailedRead) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk));
  s.spool->append(out_of(1), "ab");
  s.run_until_written(out_of(1), 2);
  disk.fail("read", EIO);
  const auto bytes = s.read(out_of(1));
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().message, "cannot read output in /fake: Input/output error");
}

TEST(OutputSpool, ClosesTheFilesOfAFinishedAttempt) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk));
  s.spool->append(out_of(1), "a");
  s.run_until_written(out_of(1), 1);
  s.spool->finished(key_of(1));
  s.spool.reset();
  EXPECT_EQ(disk.count("close"), 2U);
}

TEST(OutputSpool, CallsNoHandlerAfterItsEnd) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk));
  bool is_read = false;
  s.spool->append(out_of(1), "a");
  s.run_until_written(out_of(1), 1);
  s.spool->read(out_of(1), 0, 1, [&](const Result<std::string>&) { is_read = true; });
  s.spool->append(out_of(2), "b");
  disk.wait_for("read");
  disk.fail("write", EIO);
  s.spool->append(out_of(3), "c");
  s.spool.reset();
  s.loop.restart();
  s.loop.poll();
  EXPECT_FALSE(is_read);
  EXPECT_EQ(s.written.size(), 1U);
  EXPECT_TRUE(s.troubles.empty());
}

TEST(OutputSpool, MakesNoFileForNoBytes) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk));
  for (std::uint32_t task = 0; task < 1000; ++task) {
    s.spool->append(out_of(task), "");
    s.spool->remove(key_of(task));
  }
  s.spool.reset();
  EXPECT_TRUE(disk.calls.empty());
}

}  // namespace
}  // namespace rollcall::coordinator
