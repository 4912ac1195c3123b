// An input is divided into blocks of whole records, which do not depend on how it arrives.
#include "coordinator/exec/input/record_blocks.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/rng.h"

namespace rollcall::coordinator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t kBlockMiB = std::size_t{1} << 20U;

RecordFormat format(std::size_t block_bytes, std::string end = "\n", std::string begin = "") {
  RecordFormat format;
  format.block_bytes = block_bytes;
  format.end = std::move(end);
  format.begin = std::move(begin);
  return format;
}

std::vector<std::string> contents(const RecordBlocks& blocks) {
  std::vector<std::string> all;
  for (std::uint64_t i = 0; i < blocks.size(); ++i) all.push_back(blocks[i]);
  return all;
}

std::vector<std::string> blocks_of(std::string_view bytes, const RecordFormat& format) {
  RecordBlocks blocks(format);
  EXPECT_TRUE(blocks.add(bytes));
  EXPECT_TRUE(blocks.finish());
  return contents(blocks);
}

TEST(RecordBlocks, HaveAsManyWholeRecordsAsFit) {
  EXPECT_THAT(blocks_of("", format(4)), IsEmpty());
  EXPECT_THAT(blocks_of("a\nb\nc\n", format(4)), ElementsAre("a\nb\n", "c\n"));
  EXPECT_THAT(blocks_of("a\nb\nc", format(5)), ElementsAre("a\nb\n", "c"));
  EXPECT_THAT(blocks_of("a\nb\nc", format(100)), ElementsAre("a\nb\nc"));
  EXPECT_THAT(blocks_of("\n\n\n", format(2)), ElementsAre("\n\n", "\n"));
}

TEST(RecordBlocks, ARecordThatIsLongerThanABlockIsAlone) {
  EXPECT_THAT(blocks_of("a\nlonger\nb\nc\n", format(4)), ElementsAre("a\n", "longer\n", "b\nc\n"));
  EXPECT_THAT(blocks_of("longer", format(4)), ElementsAre("longer"));
}

TEST(RecordBlocks, RecordsEndAndBeginWithATextOfAnyLength) {
  EXPECT_THAT(blocks_of("a--b--c", format(3, "--")), ElementsAre("a--", "b--", "c"));
  EXPECT_THAT(blocks_of(">a\nA\n>b\nB\nC\n>c\n", format(6, "", ">")),
              ElementsAre(">a\nA\n", ">b\nB\nC\n", ">c\n"));
  // With both, the end of a record counts only before the beginning of another one.
  EXPECT_THAT(blocks_of("x\ny\n>z\n", format(6, "\n", ">")), ElementsAre("x\ny\n", ">z\n"));
  EXPECT_THAT(blocks_of(">>>", format(1, "", ">")), ElementsAre(">", ">", ">"));
}

TEST(RecordBlocks, WithoutRecordsEachBlockHasItsSize) {
  EXPECT_THAT(blocks_of("abcdefgh", format(3, "")), ElementsAre("abc", "def", "gh"));
}

TEST(RecordBlocks, DoNotDependOnHowTheInputArrives) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    constexpr std::string_view kLetters = "ab>\n-";
    std::string bytes;
    for (std::uint64_t left = rng.below(200); left > 0; --left) {
      bytes += kLetters[rng.below(kLetters.size())];
    }
    const std::vector<RecordFormat> formats = {format(7),          format(9, "--"),
                                               format(5, "", ">"), format(6, "\n", ">a"),
                                               format(4, ""),      format(1, "ab", "")};
    for (const RecordFormat& each : formats) {
      const std::vector<std::string> expected = blocks_of(bytes, each);
      RecordBlocks blocks(each);
      for (std::string_view rest = bytes; !rest.empty();) {
        const std::size_t size = std::min<std::size_t>(1 + rng.below(12), rest.size());
        ASSERT_TRUE(blocks.add(rest.substr(0, size)));
        rest.remove_prefix(size);
      }
      // A run that is resumed has the first blocks, as a whole, and reads on after them.
      const std::uint64_t known = rng.below(blocks.size() + 1);
      std::string saved;
      for (std::uint64_t i = 0; i < known; ++i) saved += blocks[i];
      ASSERT_TRUE(blocks.finish());
      EXPECT_EQ(contents(blocks), expected) << "seed " << seed;
      EXPECT_EQ(blocks.bytes(), bytes.size());
      RecordBlocks resumed(each);
      ASSERT_TRUE(resumed.add(saved));
      ASSERT_TRUE(resumed.finish());
      ASSERT_EQ(resumed.size(), known) << "seed " << seed;
      ASSERT_TRUE(resumed.add(std::string_view(bytes).substr(saved.size())));
      ASSERT_TRUE(resumed.finish());
      EXPECT_EQ(contents(resumed), expected) << "seed " << seed;
    }
  }
}

TEST(RecordBlocks, AnEarlyEndDropsWhatIsNoWholeRecord) {
  const auto early = [](std::string_view bytes, const RecordFormat& format) {
    RecordBlocks blocks(format);
    EXPECT_TRUE(blocks.add(bytes));
    blocks.finish_early();
    return contents(blocks);
  };
  EXPECT_THAT(early("a\nb\nc", format(100)), ElementsAre("a\nb\n"));
  EXPECT_THAT(early("abc", format(100)), IsEmpty());
  EXPECT_THAT(early(">a\n>b\n", format(100, "", ">")), ElementsAre(">a\n"));
  EXPECT_THAT(early("abc", format(100, "")), ElementsAre("abc"));
}

TEST(RecordBlocks, ARecordThatNoCommandCanGetIsAnError) {
  RecordBlocks blocks(format(4));
  ASSERT_TRUE(blocks.add("a\n" + std::string(limits::block_bytes_most, 'x')));
  const Result<void> added = blocks.add("\n");
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message,
              HasSubstr("byte 3: a record begins that is longer than 7340032"));
  EXPECT_THAT(contents(blocks), ElementsAre("a\n"));
}

TEST(RecordBlocks, TheLongestRecordIsABlock) {
  const std::string longest = std::string(limits::block_bytes_most - 1, 'x') + "\n";
  EXPECT_THAT(blocks_of(longest + "a\n", format(4)), ElementsAre(longest, "a\n"));
}

TEST(RecordBlocks, AFileHoldsWhatExceedsTheMemory) {
  RecordBlocks blocks(format(kBlockMiB, ""), {2 * kBlockMiB, os::temporary_directory()});
  for (char c = 'a'; c < 'g'; ++c) ASSERT_TRUE(blocks.add(std::string(kBlockMiB, c)));
  EXPECT_EQ(blocks.in_memory(), 2 * kBlockMiB);
  EXPECT_GE(blocks.in_file(), 4 * kBlockMiB);
  for (std::uint64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(blocks[i], std::string(kBlockMiB, static_cast<char>('a' + static_cast<int>(i))));
  }
}

TEST(RecordBlocks, WhatIsForgottenTakesNoRoom) {
  RecordBlocks blocks(format(kBlockMiB, ""), {2 * kBlockMiB, os::temporary_directory()});
  for (char c = 'a'; c < 'e'; ++c) ASSERT_TRUE(blocks.add(std::string(kBlockMiB, c)));
  const std::uint64_t in_file = blocks.in_file();
  blocks.forget(0);
  blocks.forget(0);
  blocks.forget(2);
  EXPECT_EQ(blocks.in_memory(), kBlockMiB);
  EXPECT_LT(blocks.in_file(), in_file);
  ASSERT_TRUE(blocks.add(std::string(kBlockMiB, 'e')));
  EXPECT_EQ(blocks.in_memory(), 2 * kBlockMiB);
  EXPECT_EQ(blocks[1], std::string(kBlockMiB, 'b'));
  EXPECT_EQ(blocks[3], std::string(kBlockMiB, 'd'));
  EXPECT_EQ(blocks[4], std::string(kBlockMiB, 'e'));
  EXPECT_EQ(blocks.bytes(), 5 * kBlockMiB);
}

TEST(RecordBlocks, WithoutAFileBlocksStayInMemory) {
  RecordBlocks blocks(format(kBlockMiB, ""), {2 * kBlockMiB, "/no-such-directory"});
  for (char c = 'a'; c < 'e'; ++c) ASSERT_TRUE(blocks.add(std::string(kBlockMiB, c)));
  EXPECT_EQ(blocks.in_memory(), 4 * kBlockMiB);
  EXPECT_EQ(blocks[3], std::string(kBlockMiB, 'd'));
}

}  // namespace
}  // namespace rollcall::coordinator
