#include "coordinator/kinds/kinds.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
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

TEST(ExecKind, FailsToPrepareAScriptWithoutShell) {
  const auto why = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--range", "1-2"});
    const ParsedKind exec = parse(KindId::exec, arguments);
    const auto prepared = std::get<std::unique_ptr<TaskKind>>(exec)->prepare();
    return prepared ? "" : prepared.error().message;
  };
  const std::string hint =
      ": no program has this name: expected separate words, or --shell before a script";
  EXPECT_EQ(why({"gzip -9 {}"}), "COMMAND \"gzip -9 {}\"" + hint);
  EXPECT_EQ(why({"a\nb"}), "COMMAND \"a\\x0ab\"" + hint);
  EXPECT_EQ(why({"--shell", "gzip -9 {}"}), "");
  EXPECT_EQ(why({"gzip -9", "{}"}), "") << "separate words are not a script";
  const std::string program = testing::TempDir() + "a program";
  std::ofstream(program) << "#!/bin/sh\n";
  EXPECT_EQ(why({program}), "COMMAND \"" + program + "\"" + hint) << "it cannot be executed";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  EXPECT_EQ(why({program}), "");
  EXPECT_EQ(why({"--cwd", testing::TempDir(), "./a program"}), "");
  EXPECT_NE(why({"./a program"}), "");
  std::filesystem::remove(program);
}

TEST(ExecKind, FailsToPrepareWithoutItsSpoolDirectory) {
  const auto why = [](const std::string& directory) {
    const ParsedKind exec =
        parse(KindId::exec, {"--spool-dir", directory, "--range", "1-2", "--", "true"});
    const auto prepared = std::get<std::unique_ptr<TaskKind>>(exec)->prepare();
    return prepared ? "" : prepared.error().message;
  };
  EXPECT_EQ(why("/nonexistent"), "--spool-dir /nonexistent: No such file or directory");
  EXPECT_EQ(why("/dev/null"), "--spool-dir /dev/null: Not a directory");
  EXPECT_EQ(why(testing::TempDir()), "");
}

TEST(ExecKind, TakesOutputThatItCanHold) {
  struct Expected {
    std::vector<std::string> options;
    bool takes_output;
    bool prints_early;
    bool in_order = false;
  };
  const std::string directory = testing::TempDir() + "/output";
  for (const Expected& expected : std::vector<Expected>{
           {{}, true, true},
           {{"-k"}, true, true, true},
           {{"--retries", "1"}, true, false},
           {{"--output-dir", directory}, true, false},
           {{"--output", "json"}, true, false},
           {{"--output", "json", "--output-dir", directory}, true, false},
           {{"--output", "jsonl"}, false, false},
           {{"--journal", testing::TempDir() + "/journal"}, true, true},
       }) {
    std::vector<std::string> arguments = expected.options;
    const std::string shown = testing::PrintToString(arguments);
    arguments.insert(arguments.end(), {"--range", "1-2", "--", "true"});
    const ParsedKind parsed = parse(KindId::exec, arguments);
    TaskKind& kind = *std::get<std::unique_ptr<TaskKind>>(parsed);
    ASSERT_TRUE(kind.prepare());
    const Policy policy = kind.policy();
    EXPECT_EQ(policy.takes_output, expected.takes_output) << shown;
    EXPECT_EQ(policy.prints_early, expected.prints_early) << shown;
    EXPECT_EQ(policy.prints_in_order, expected.in_order) << shown;
    EXPECT_EQ(policy.max_output, std::nullopt);
    EXPECT_EQ(kind.streamed_output() != nullptr, expected.takes_output) << shown;
  }
  std::filesystem::remove(directory);
}

}  // namespace
}  // namespace rollcall::coordinator
