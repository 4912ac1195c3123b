// What the integration tests share: a directory of their own, the programs, and no process left.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace rollcall::integration {

using Arguments = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

/// The directory with `rollcall` and `rollcall-worker`.
std::filesystem::path programs_directory();

/// Whether the tests that take minutes are wanted: ROLLCALL_LONG_TESTS is set.
bool long_tests();

/// Holds programs and their files for one test, and fails it if a process is left at its end.
class ProgramsTest : public ::testing::Test {
 protected:
  ProgramsTest();
  ~ProgramsTest() override;
  /// Kills what still runs, then looks for processes that outlived the programs.
  void TearDown() override;

  /// `rollcall sleep ARGUMENTS`.
  Program& rollcall(Arguments arguments, const Environment& environment = {});
  /// `rollcall exec ARGUMENTS`, `input` on its standard input.
  Program& exec(Arguments arguments, const std::string& input = {});
  /// `rollcall-worker ARGUMENTS`.
  Program& worker(Arguments arguments, const std::string& input = {});
  /// `lying_worker ACCESS_FILE MODE`.
  Program& lying_worker(const std::string& mode);
  Program& start(Command command);

  /// A file in the directory of this test.
  std::string file(const std::string& name) const { return (directory_ / name).string(); }
  /// file("access"): where runs of this test write, and workers look, unless they choose another.
  std::string access_file() const { return file("access"); }
  bool wait_for_file(const std::string& name) const;
  /// Creates file(name), empty.
  void touch(const std::string& name) const;
  /// A shell script that waits for touch(name).
  std::string until_touched(const std::string& name) const;
  /// Every process that this test has started, or what those have started, and that still lives.
  std::vector<pid_t> processes() const;
  bool wait_for_no_process() const;
  /// Drops the programs that have ended, unless the test has failed and they are to be shown.
  void forget_ended();

 private:
  std::filesystem::path directory_;
  std::string tag_;
  std::vector<std::unique_ptr<Program>> programs_;
};

/// `first` and then `more`.
Arguments operator+(Arguments first, const Arguments& more);

/// The JSON document on standard output. Fails the test and returns null if it is missing.
nlohmann::json document_of(const Program& program);
/// The last line of JSON lines.
nlohmann::json summary_of(const Program& program);
/// The finished lines so far of JSON lines whose "event" is `event`.
std::vector<nlohmann::json> events_of(const Program& program, const std::string& event);
/// Waits until the events of that name hold at least `count` things: tasks, or workers.
bool wait_for_events(Program& program, const std::string& event, std::size_t count);

/// The names in "failed_checks" of a document.
std::vector<std::string> failed_checks(const nlohmann::json& document);

}  // namespace rollcall::integration
