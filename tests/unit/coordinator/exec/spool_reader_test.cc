// What the thread that prints reads of the spool, and the room that it makes.
#include "coordinator/exec/results/spool_reader.h"

#include <gmock/gmock.h>

#include <future>

#include "coordinator/core/model/limits.h"
#include "tests/support/fake_spool_files.h"
#include "tests/support/spool_fixture.h"

namespace rollcall::coordinator {
namespace {

std::string read_from(SpoolFixture& s, const SpoolStream& stream, std::uint64_t from = 0,
                      std::size_t most = kMuch) {
  const Result<std::string> bytes = s.spool->reader()->read(stream, from, most);
  EXPECT_TRUE(bytes) << bytes.error().message;
  return bytes ? *bytes : std::string();
}

TEST(SpoolReader, ReadsBytesThatAreNotWrittenYet) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk));
  disk.stop();
  s.spool->append(out_of(1), "being ");
  disk.wait_for("write");
  s.spool->append(out_of(1), "written");
  s.spool->append(err_of(1), "error");
  EXPECT_EQ(read_from(s, out_of(1)), "being written");
  EXPECT_EQ(read_from(s, out_of(1), 4, 4), "g wr");
  EXPECT_EQ(read_from(s, out_of(1), 13), "");
  EXPECT_EQ(read_from(s, err_of(1)), "error");
  EXPECT_EQ(read_from(s, out_of(2)), "") << "there is none";
  disk.resume();
  s.run_until_written(out_of(1), 13);
  EXPECT_EQ(read_from(s, out_of(1), 4, 4), "g wr");
}

TEST(SpoolReader, WithSyncReadsOnlyDurableBytes) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk), /*sync=*/true);
  s.spool->append(out_of(1), "ab");
  s.run_until_written(out_of(1), 2);
  disk.stop();
  s.spool->append(out_of(1), "cd");
  disk.wait_for("write");
  EXPECT_EQ(read_from(s, out_of(1), 2), "");
  disk.resume();
  s.run_until_written(out_of(1), 4);
  EXPECT_EQ(read_from(s, out_of(1)), "abcd");
}

OutputSpool::Peeked peek_at(SpoolFixture& s, const SpoolStream& stream, std::uint64_t from = 0,
                            std::size_t most = kMuch) {
  std::optional<Result<OutputSpool::Peeked>> result;
  s.spool->peek(stream, from, most, [&](Result<OutputSpool::Peeked> read) { result = read; });
  s.run_until([&] { return result.has_value(); });
  EXPECT_TRUE(*result) << result->error().message;
  return *result ? result->value() : OutputSpool::Peeked();
}

TEST(OutputSpoolPeek, ReturnsBytesOfTheFileAndOfMemory) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk), /*sync=*/true);
  s.spool->append(out_of(1), "written ");
  s.run_until_written(out_of(1), 8);
  disk.fail("write", ENOSPC);
  s.spool->append(out_of(1), "waits");
  EXPECT_EQ(peek_at(s, out_of(1)).bytes, "written waits");
  EXPECT_EQ(peek_at(s, out_of(1), 3, 7).bytes, "tten wa");
  EXPECT_EQ(peek_at(s, out_of(1), 9, 2).bytes, "ai");
  EXPECT_EQ(peek_at(s, out_of(1), 13).bytes, "");
  EXPECT_EQ(peek_at(s, out_of(1), 13).at, 13U);
  EXPECT_EQ(peek_at(s, out_of(2)).bytes, "");
  disk.fail("write", 0);
}

TEST(OutputSpoolPeek, BeginsBehindWhatIsPrinted) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk));
  s.spool->append(out_of(1), "abcdef");
  s.run_until_written(out_of(1), 6);
  s.spool->reader()->printed(out_of(1), 4);
  const OutputSpool::Peeked read = peek_at(s, out_of(1), 1);
  EXPECT_EQ(read.at, 4U);
  EXPECT_EQ(read.bytes, "ef");
}

/// The output of an attempt may be printed and deleted as soon as it has ended.
TEST(OutputSpoolPeek, ReturnsBytesThatAreRemovedMeanwhile) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk), false, kMuch, kMuch, /*idle=*/4);
  s.spool->append(out_of(1), "in a file");
  s.run_until_written(out_of(1), 9);
  s.spool->append(out_of(1), "...");
  std::vector<std::string> read;
  const auto note = [&](const Result<OutputSpool::Peeked>& one) {
    read.push_back(one ? one.value().bytes : one.error().message);
  };
  s.spool->peek(out_of(1), 0, kMuch, note);
  s.spool->peek(out_of(1), 3, kMuch, note);
  s.spool->remove(key_of(1));
  s.spool->peek(out_of(1), 0, kMuch, note);
  s.run_until([&] { return read.size() == 3; });
  EXPECT_THAT(read, testing::ElementsAre("in a file...", "a file...", ""));
}

TEST(SpoolReader, PrintedBytesMakeRoom) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk), false, /*memory=*/100, /*disk=*/100);
  s.spool->append(out_of(1), std::string(80, 'x'));
  s.run_until_written(out_of(1), 80);
  EXPECT_EQ(s.spool->room(), 20U);
  const auto reader = s.spool->reader();
  std::thread([&] { reader->printed(out_of(1), 30); }).join();
  EXPECT_EQ(s.spool->room(), 50U);
  reader->printed(out_of(1), 30);
  reader->printed(out_of(1), 10);
  EXPECT_EQ(s.spool->room(), 50U) << "counted once";
  s.run_until([&] { return s.changes > 0; });
  EXPECT_EQ(s.changes, 1);
  reader->printed(key_of(1));
  EXPECT_EQ(s.spool->room(), 100U);
  s.run_until([&] { return s.changes == 2; });
  disk.wait_for("remove");
}

TEST(SpoolReader, RemovalMakesOnlyTheRestOfTheRoom) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk), false, /*memory=*/100, /*disk=*/100);
  s.spool->append(out_of(1), std::string(80, 'x'));
  s.spool->append(out_of(2), std::string(10, 'x'));
  s.run_until_written(out_of(1), 80);
  s.run_until_written(out_of(2), 10);
  s.spool->reader()->printed(out_of(1), 30);
  s.spool->cut(out_of(1), 50);
  EXPECT_EQ(s.spool->room(), 70U);
  s.spool->remove(key_of(1));
  EXPECT_EQ(s.spool->room(), 90U);
}

TEST(SpoolReader, PrintsOnFromMemoryWhileTheDiskIsFull) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk), false, /*memory=*/100);
  disk.fail("write", ENOSPC);
  s.spool->append(out_of(1), "first");
  s.run_until([&] { return !s.troubles.empty(); });
  const auto reader = s.spool->reader();
  std::uint64_t at = 0;
  for (const std::string text : {"first", "second", "third"}) {
    if (at > 0) s.spool->append(out_of(1), text);
    EXPECT_EQ(read_from(s, out_of(1), at), text);
    at += text.size();
    reader->printed(out_of(1), at);
    EXPECT_EQ(s.spool->room(), 100U);
  }
  s.spool->append(out_of(1), "last");
  disk.fail("write", 0);
  s.spool->retry();
  s.run_until_written(out_of(1), 20);
  EXPECT_EQ(read_from(s, out_of(1), 16), "last");
  EXPECT_EQ(disk.count("write"), 2U) << "what was printed before is never written";
}

TEST(SpoolReader, DropsPrintedBytesWhoseWriteHasFailed) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk), false, /*memory=*/100);
  disk.stop();
  disk.fail("write", ENOSPC);
  s.spool->append(out_of(1), "first");
  disk.wait_for("write");
  s.spool->reader()->printed(out_of(1), 5);
  EXPECT_EQ(s.spool->room(), 95U) << "it is being written";
  disk.resume();
  s.run_until([&] { return !s.troubles.empty(); });
  EXPECT_EQ(s.spool->room(), 100U);
  disk.fail("write", 0);
  s.spool->append(out_of(1), "second");
  s.spool->retry();
  s.run_until_written(out_of(1), 11);
  EXPECT_EQ(read_from(s, out_of(1), 5), "second");
}

TEST(SpoolReader, WhatIsPrintedSoonNeverReachesTheDisk) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk), false, kMuch, kMuch, /*idle=*/100);
  for (std::uint32_t task = 1; task <= 3; ++task) {
    s.spool->append(out_of(task), std::string(100, 'x'));
    // Two requests, so that the thread has had its turn after the first one.
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(s.read(out_of(task)));
    EXPECT_EQ(read_from(s, out_of(task)), std::string(100, 'x'));
    s.spool->reader()->printed(key_of(task));
  }
  EXPECT_EQ(disk.count("write"), 0U);
  s.spool->append(out_of(4), std::string(101, 'x'));
  s.run_until_written(out_of(4), 101);
}

TEST(SpoolReader, AWaitForTheDiskWritesTheLastBytes) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk), false, kMuch, kMuch, /*idle=*/100);
  s.spool->append(out_of(1), "ab");
  EXPECT_TRUE(s.spool->reader()->wait_until_written(key_of(1)));
  EXPECT_EQ(disk.bytes[out_of(1)], "ab");
}

TEST(SpoolReader, WaitsUntilAnAttemptIsWritten) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk));
  const auto reader = s.spool->reader();
  EXPECT_TRUE(reader->wait_until_written(key_of(1))) << "there is nothing";
  disk.stop();
  s.spool->append(err_of(1), "ab");
  auto waiting = std::async(std::launch::async, [&] {
    EXPECT_TRUE(reader->wait_until_written(key_of(1)));
    return disk.count("write");
  });
  disk.wait_for("write");
  EXPECT_EQ(waiting.wait_for(20ms), std::future_status::timeout);
  disk.resume();
  EXPECT_EQ(waiting.get(), 1U);
}

TEST(SpoolReader, ReturnsErrorsOnceTheSpoolHasEnded) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk));
  const auto reader = s.spool->reader();
  disk.fail("write", ENOSPC);
  s.spool->append(out_of(1), "ab");
  s.run_until([&] { return !s.troubles.empty(); });
  auto waiting =
      std::async(std::launch::async, [&] { return reader->wait_until_written(key_of(1)); });
  EXPECT_EQ(waiting.wait_for(20ms), std::future_status::timeout);
  s.spool.reset();
  EXPECT_FALSE(waiting.get());
  const auto bytes = reader->read(out_of(1), 0, 1);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().message, "cannot read output in /fake: the spool has ended");
  reader->printed(out_of(1), 1);
  reader->printed(key_of(1));
}

TEST(SpoolReader, ReportsAFailedRead) {
  Disk disk;
  SpoolFixture s(std::make_unique<FakeFiles>(disk));
  s.spool->append(out_of(1), "ab");
  s.run_until_written(out_of(1), 2);
  disk.fail("read", EIO);
  const auto bytes = s.spool->reader()->read(out_of(1), 0, 2);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().message, "cannot read output in /fake: Input/output error");
}

}  // namespace
}  // namespace rollcall::coordinator
