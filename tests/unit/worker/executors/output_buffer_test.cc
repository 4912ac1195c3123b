// What a buffer of output holds, sends and forgets.
#include "worker/executors/output_buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace rollcall::worker {
namespace {

constexpr std::size_t kChunk = limits::output_row_bytes;

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

std::string copied(OutputBuffer& buffer, std::uint64_t offset, std::uint64_t size) {
  std::string bytes;
  EXPECT_TRUE(buffer.copy(offset, size, bytes)) << offset << '+' << size;
  return bytes;
}

TEST(OutputBuffer, CopiesAnyPartOnceItsTurnHasCome) {
  const std::string all = pattern(3 * kChunk + 7);
  OutputBuffer buffer;
  for (std::size_t i = 0; i < all.size(); i += 1'000) buffer.append(all.substr(i, 1'000));
  EXPECT_EQ(buffer.size(), all.size());
  EXPECT_TRUE(copied(buffer, 0, kChunk + 5) == all.substr(0, kChunk + 5));
  EXPECT_EQ(buffer.sent(), kChunk + 5);
  EXPECT_TRUE(copied(buffer, 10, kChunk - 5) == all.substr(10, kChunk - 5)) << "again";
  EXPECT_EQ(buffer.sent(), kChunk + 5);
  std::string none;
  EXPECT_FALSE(buffer.copy(kChunk + 6, 1, none)) << "the byte before it was not sent";
  EXPECT_FALSE(buffer.copy(0, all.size() + 1, none));
  EXPECT_EQ(none, "");
  EXPECT_TRUE(buffer.take_unsent() == all.substr(kChunk + 5));
}

TEST(OutputBuffer, ForgetsOnlyWhatWasSent) {
  const std::string all = pattern(3 * kChunk);
  OutputBuffer buffer;
  buffer.append(all);
  buffer.forget(2 * kChunk);
  EXPECT_EQ(buffer.held(), 3 * kChunk);
  copied(buffer, 0, 2 * kChunk);
  buffer.forget(kChunk + 1);
  EXPECT_EQ(buffer.held(), 2 * kChunk);
  EXPECT_TRUE(copied(buffer, kChunk + 1, kChunk) == all.substr(kChunk + 1, kChunk));
  buffer.forget(3 * kChunk);
  EXPECT_EQ(buffer.held(), kChunk) << "of one chunk a part is not sent";
  std::string none;
  EXPECT_FALSE(buffer.copy(kChunk, 1, none));
}

TEST(OutputBuffer, HasRoomUntilMuchIsUnsent) {
  OutputBuffer buffer;
  int calls = 0;
  buffer.append(pattern(limits::output_read_ahead - 1));
  EXPECT_TRUE(buffer.has_room());
  buffer.append("xyz");
  EXPECT_FALSE(buffer.has_room());
  buffer.on_room = [&] { ++calls; };
  copied(buffer, 0, 2);
  EXPECT_EQ(calls, 0);
  copied(buffer, 2, 1);
  EXPECT_EQ(calls, 1);
  copied(buffer, 3, 1);
  EXPECT_EQ(calls, 1) << "once";
}

TEST(OutputBuffer, DropsWhatWasNotSent) {
  const std::string all = pattern(3 * kChunk + 5);
  OutputBuffer buffer;
  buffer.append(all);
  copied(buffer, 0, kChunk + 7);
  EXPECT_EQ(buffer.drop_unsent(), 2 * kChunk - 2);
  EXPECT_EQ(buffer.size(), kChunk + 7);
  EXPECT_EQ(buffer.held(), kChunk + 7);
  EXPECT_TRUE(copied(buffer, 10, kChunk - 3) == all.substr(10, kChunk - 3));
  EXPECT_EQ(buffer.drop_unsent(), 0U);
}

TEST(OutputBuffer, HoldsNothingThatIsNotWanted) {
  OutputBuffer buffer;
  int calls = 0;
  buffer.append(pattern(2 * limits::output_read_ahead));
  buffer.on_room = [&] { ++calls; };
  buffer.forget(kNotWanted);
  EXPECT_EQ(calls, 1);
  buffer.append(pattern(2 * limits::output_read_ahead));
  EXPECT_EQ(buffer.held(), 0U);
  EXPECT_TRUE(buffer.has_room());
  EXPECT_EQ(buffer.size(), 4 * limits::output_read_ahead);
  EXPECT_EQ(buffer.take_unsent(), "");
}

}  // namespace
}  // namespace rollcall::worker
