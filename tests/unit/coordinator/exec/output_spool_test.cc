#include "coordinator/exec/results/output_spool.h"

#include "tests/support/fake_spool_files.h"
#include "tests/support/spool_fixture.h"

#include <gmock/gmock.h>

namespace rollcall::coordinator {
namespace {

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
