// What the log of a program looks like in a file, in both forms.
#include "common/cli/log.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rollcall {
namespace {

using nlohmann::json;
using testing::MatchesRegex;
using testing::SizeIs;

class Log : public testing::Test {
 protected:
  ~Log() override { std::filesystem::remove(file_); }

  void start(const std::string& level, LogFormat format) {
    ASSERT_TRUE(start_log("program", {level, format, file_}));
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    std::ifstream in(file_);
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }

 private:
  std::string file_ = (std::filesystem::temp_directory_path() / "log_test.log").string();
};

TEST_F(Log, HasTimeProgramProcessAndLevelInText) {
  start("info", LogFormat::text);
  write_log(Severity::warning, LogLine("worker lost").add("name", "a b").add("tasks", 3));
  write_log(Severity::debug, "too low");
  ASSERT_THAT(lines(), SizeIs(1));
  EXPECT_THAT(lines()[0],
              MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9.]+[+-][0-9]+:[0-9]+ "
                           "program\\[[0-9]+\\] warning: "
                           "worker lost name=\"a b\" tasks=3"));
}

TEST_F(Log, IsAnObjectOnEachLineInJson) {
  start("debug", LogFormat::json);
  const std::string name = "a \"b\"\\\n\x1b\xff}";
  write_log(Severity::info, LogLine("worker joined").add("name", name).add("slots", 4));
  write_log(Severity::error, "alone {}");
  ASSERT_THAT(lines(), SizeIs(2));
  const json joined = json::parse(lines()[0]);
  EXPECT_THAT(joined["time"].get<std::string>(),
              MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9.]+[+-][0-9]+:[0-9]+"));
  EXPECT_EQ(joined["level"], "info");
  EXPECT_EQ(joined["program"], "program");
  EXPECT_EQ(joined["pid"], ::getpid());
  EXPECT_EQ(joined["message"], "worker joined");
  EXPECT_EQ(joined["name"], "a \"b\"\\\n\x1b\xef\xbf\xbd}") << "malformed UTF-8 is replaced";
  EXPECT_EQ(joined["slots"], 4);
  EXPECT_EQ(joined.size(), 7U);
  EXPECT_EQ(json::parse(lines()[1])["message"], "alone {}");
  EXPECT_EQ(json::parse(lines()[1]).size(), 5U);
}

}  // namespace
}  // namespace rollcall
