#include "coordinator/kinds/kinds.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace rollcall::coordinator {
namespace {

ParsedKind parse(KindId id, const std::vector<std::string>& arguments) {
  return kind_of(id).parse(arguments, [](const char*) { return nullptr; });
}

TEST(Kinds, AreInTheTableByNumberAndName) {
  ASSERT_EQ(kinds_by_name().size(), kKindNames.size());
  for (std::size_t i = 0; i < kKindNames.size(); ++i) {
    const auto id = static_cast<KindId>(i);
    EXPECT_EQ(kind_of(id).id, id);
    EXPECT_EQ(kind_named(kKindNames[i]), id);
    EXPECT_NE(kind_of(id).summary, "");
    EXPECT_TRUE(std::holds_alternative<cli::PrintText>(parse(id, {"--help"})));
    EXPECT_TRUE(std::holds_alternative<cli::UsageError>(parse(id, {"--unknown"})));
  }
  EXPECT_EQ(kind_named("dance"), std::nullopt);
}

TEST(Kinds, HaveTheirNameBeforeTheirInput) {
  const ParsedKind exec = parse(KindId::exec, {"--range", "1-3", "--", "true"});
  EXPECT_EQ(std::get<std::unique_ptr<TaskKind>>(exec)->name(), "exec");
}

TEST(SleepKind, HasARequestThatDependsOnItsTasksAlone) {
  const auto request = [](const std::vector<std::string>& arguments) {
    const ParsedKind sleep = parse(KindId::sleep, arguments);
    return std::get<std::unique_ptr<TaskKind>>(sleep)->request();
  };
  EXPECT_EQ(request({"-n", "7", "--seed", "1"}), request({"-n7", "--seed", "1", "--workers", "3"}));
  EXPECT_NE(request({"-n", "7", "--seed", "1"}), request({"-n", "8", "--seed", "1"}));
  EXPECT_NE(request({"-n", "7", "--seed", "1"}), request({"-n", "7"}));
}

TEST(ExecKind, FailsToPrepareWithoutItsInput) {
  const ParsedKind exec = parse(KindId::exec, {"--each-line", "/nonexistent", "--", "true"});
  const auto prepared = std::get<std::unique_ptr<TaskKind>>(exec)->prepare();
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().message, "--each-line /nonexistent: No such file or directory");
}

}  // namespace
}  // namespace rollcall::coordinator
