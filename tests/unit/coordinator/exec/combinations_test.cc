// Combining the values of several inputs.
#include "coordinator/exec/input/combinations.h"

#include <gmock/gmock.h>

#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

using testing::ElementsAre;

using Words = std::vector<std::string>;

InputSource source(const Words& values, bool is_linked = false) {
  LineStore store('\0');
  for (const std::string& value : values) EXPECT_TRUE(store.add(value + '\0'));
  return {std::move(store), is_linked, false};
}

template <class... Sources>
Result<Combinations> combined(Sources... sources) {
  std::vector<InputSource> all;
  (all.push_back(std::move(sources)), ...);
  return Combinations::of(std::move(all));
}

std::string shown(const Result<Combinations>& all) {
  if (!all) return all.error().message;
  std::string text;
  for (std::uint64_t i = 0; i < all->size(); ++i) {
    for (const std::string& value : (*all)[i]) text += value;
    text += ' ';
  }
  return text;
}

/// The values and the order that GNU parallel 20221122 prints.
TEST(Combinations, AreInTheOrderOfParallel) {
  EXPECT_EQ(shown(combined(source({"a", "b", "c"}))), "a b c ");
  EXPECT_EQ(shown(combined(source({"a", "b"}), source({"1", "2", "3"}))), "a1 a2 a3 b1 b2 b3 ");
  EXPECT_EQ(shown(combined(source({"a", "b"}), source({"c"}), source({"e", "f"}))),
            "ace acf bce bcf ");
}

TEST(Combinations, LinkValues) {
  EXPECT_EQ(shown(combined(source({"a", "b"}), source({"1", "2"}, true), source({"X", "Y"}))),
            "a1X a1Y b2X b2Y ");
  EXPECT_EQ(shown(combined(source({"X", "Y"}), source({"a", "b"}), source({"1", "2"}, true))),
            "Xa1 Xb2 Ya1 Yb2 ");
  EXPECT_EQ(shown(combined(source({"a", "b", "c"}), source({"1", "2"}, true))), "a1 b2 ");
  EXPECT_EQ(shown(combined(source({"a"}), source({"1", "2"}, true))), "a1 ");
}

TEST(Combinations, OfAnEmptyInputAreNone) {
  EXPECT_EQ(shown(combined(source({}))), "");
  EXPECT_EQ(shown(combined(source({"a"}), source({}), source({"b"}))), "");
  EXPECT_EQ(shown(combined(source({"a"}), source({}, true))), "");
}

TEST(Combinations, KeepTheSizesOfTheirInputs) {
  const auto all = combined(source({"a", "b"}), source({"1"}, true), source({"X", "Y", "Z"}));
  ASSERT_TRUE(all);
  EXPECT_THAT(all->sizes(), ElementsAre(ElementsAre(2, 1), ElementsAre(3)));
}

/// 10^9 tasks of 2,000 values, or of two ranges.
TEST(Combinations, AreNotStored) {
  const auto thousand = [] { return InputSource{NumberRange{0, 1, 1000}}; };
  Words numbers;
  for (int i = 0; i < 1000; ++i) numbers.push_back(std::to_string(i));
  const auto all = combined(source(numbers), thousand(), source(numbers));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), limits::task_count);
  EXPECT_THAT((*all)[123'456'789], ElementsAre("123", "456", "789"));
  EXPECT_EQ(
      combined(source(numbers), thousand(), source(numbers), source({"a", "b"})).error().message,
      "more than 1000000000 combinations");
}

/// No intermediate product may wrap around.
TEST(Combinations, HaveALimit) {
  const auto range = [] { return InputSource{NumberRange{0, 1, limits::task_count}}; };
  EXPECT_EQ(shown(combined(range(), range(), range(), range())),
            "more than 1000000000 combinations");
  EXPECT_EQ(shown(combined(range(), range(), source({}), range())), "");
}

}  // namespace
}  // namespace rollcall::coordinator
