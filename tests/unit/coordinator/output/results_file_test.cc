#include "coordinator/output/results_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "coordinator/core/analysis/validation.h"
#include "coordinator/view/row.h"
#include "tests/support/json_schema.h"
#include "tests/support/output_test_files.h"
#include "tests/support/run_records_builder.h"

namespace rollcall::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const KindDisplay kDisplay;

/// Task 1 finishes before task 0 and is accepted after it; task 2 is lost.
RunRecords some_records() {
  RunRecordsBuilder run(3);
  run.worker().worker().done(0, 0, Outcome::succeeded, 1ms).done(1, 1);
  run.decided(2, Outcome::lost, 3s);
  return run.records();
}

Result<void> write_results(const std::string& path, const RunRecords& records) {
  auto file = ResultsFile::open(path);
  if (!file) return file.error();
  return (*file)->write(records, finish_order(records), kDisplay);
}

TEST(ResultsFile, HasARowForEachTaskInOrderOfFinish) {
  const TestDirectory directory;
  ASSERT_TRUE(write_results(directory.file("r.csv"), some_records()));
  EXPECT_EQ(read_file(directory.file("r.csv")),
            "task,outcome,attempt,worker,pause_seconds,started_seconds,finished_seconds,"
            "lateness_seconds,finished_bound_seconds,accepted,seq,worker_name,run_seconds\n"
            "1,succeeded,1,02020202020202020202020202020202,2.000000000,0.001000000,2.001000000,"
            "0.000000000,0.000010200,2,2,w2,2.000000000\n"
            "0,succeeded,1,01010101010101010101010101010101,2.000000000,0.001000000,2.002000000,"
            "0.001000000,0.000010200,1,1,w1,2.001000000\n"
            "2,lost,0,,2.000000000,,3.000000000,,0.000000000,3,3,,\n");
  EXPECT_EQ(directory.size(), 1U);
}

/// The id of a process that has ended.
pid_t dead_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

TEST(ResultsFile, RemovesWhatDeadProcessesLeft) {
  const TestDirectory directory;
  const std::string dead = std::to_string(dead_process());
  const std::string left = directory.file("r.csv." + dead + ".tmp");
  const std::vector<std::string> others = {
      directory.file("r.csv." + std::to_string(::getppid()) + ".tmp"),
      directory.file("r.csv.notes.tmp"), directory.file("r.csv..tmp"),
      directory.file("r.csv." + dead), directory.file("other.csv." + dead + ".tmp")};
  std::ofstream(left) << "task\n";
  for (const std::string& other : others) std::ofstream(other) << "mine\n";
  ASSERT_TRUE(write_results(directory.file("r.csv"), some_records()));
  EXPECT_FALSE(std::filesystem::exists(left));
  for (const std::string& other : others) EXPECT_EQ(read_file(other), "mine\n") << other;
}

TEST(ResultsFile, LeavesAFileThatIsLockedOnAnotherHost) {
  const TestDirectory directory;
  const std::string name = directory.file("r.csv." + std::to_string(dead_process()) + ".tmp");
  const os::Descriptor file(::open(name.c_str(), O_WRONLY | O_CREAT, 0600));
  ASSERT_EQ(::flock(file.get(), LOCK_EX), 0);
  ASSERT_TRUE(write_results(directory.file("r.csv"), some_records()));
  EXPECT_TRUE(std::filesystem::exists(name));
}

TEST(ResultsFile, FitsItsSchemaAsJsonLines) {
  const TestDirectory directory;
  ASSERT_TRUE(write_results(directory.file("r.jsonl"), some_records()));
  const JsonSchema schema(nlohmann::json::parse(
      read_file(std::string(ROLLCALL_SOURCE_DIR) + "/docs/reference/row-1.schema.json")));
  const auto lines = lines_of(read_file(directory.file("r.jsonl")));
  ASSERT_THAT(lines, SizeIs(3));
  for (const std::string& line : lines) EXPECT_EQ(schema.misfit(nlohmann::json::parse(line)), "");
  EXPECT_THAT(lines[0], HasSubstr(R"({"task":1,"outcome":"succeeded")"));
}

TEST(ResultsFile, HasSameFieldsInBothForms) {
  std::string names;
  const RunRecords records = some_records();
  std::string row = "{";
  RowWriter(records, kDisplay).append_json_members(row, 0);
  const auto object = nlohmann::ordered_json::parse(row + "}");
  for (const auto& [name, value] : object.items()) {
    names += (names.empty() ? "" : ",") + name;
  }
  std::string header;
  RowWriter(records, kDisplay).append_csv_header(header);
  EXPECT_EQ(names + "\n", header);
}

TEST(ResultsFile, LeavesTheOlderFileUnchangedIfTheRunDoesNotEnd) {
  const TestDirectory directory;
  std::ofstream(directory.file("r.csv")) << "old";
  { ASSERT_TRUE(ResultsFile::open(directory.file("r.csv"))); }
  EXPECT_EQ(read_file(directory.file("r.csv")), "old");
  EXPECT_EQ(directory.size(), 1U);
}

TEST(ResultsFile, KeepsTheModeOfTheOlderFile) {
  const TestDirectory directory;
  const std::string path = directory.file("r.csv");
  std::ofstream(path) << "old";
  ::chmod(path.c_str(), 0640);
  ASSERT_TRUE(write_results(path, some_records()));
  struct stat status {};
  ::stat(path.c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST(ResultsFile, FollowsALink) {
  const TestDirectory directory;
  std::ofstream(directory.file("real.csv")) << "old";
  std::filesystem::create_symlink(directory.file("real.csv"), directory.file("link.csv"));
  ASSERT_TRUE(write_results(directory.file("link.csv"), some_records()));
  EXPECT_TRUE(std::filesystem::is_symlink(directory.file("link.csv")));
  EXPECT_THAT(lines_of(read_file(directory.file("real.csv"))), SizeIs(4));
}

TEST(ResultsFile, ReportsAtOnceThatItCannotBeOpened) {
  const TestDirectory directory;
  const auto file = ResultsFile::open(directory.file("none/r.csv"));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message,
            "cannot open " + directory.file("none/r.csv") + ": No such file or directory");
  EXPECT_FALSE(ResultsFile::open(directory.file("")));
}

TEST(ResultsFile, ReportsAFullDisk) {
  const TestDirectory directory;
  const std::string link = directory.file("full.csv");
  std::filesystem::create_symlink("/dev/full", link);
  const Result<void> written = write_results(link, some_records());
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "cannot write " + link + ": No space left on device");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
  EXPECT_EQ(directory.size(), 1U);
}

TEST(ResultsFile, ContinuesAtThePositionOfADescriptor) {
  const MemoryFile file;
  ASSERT_EQ(::write(file.fd(), "before\n", 7), 7);
  ASSERT_TRUE(write_results("/dev/fd/" + std::to_string(file.fd()), some_records()));
  const auto lines = lines_of(file.text());
  ASSERT_THAT(lines, SizeIs(5));
  EXPECT_EQ(lines[0], "before");
}

}  // namespace
}  // namespace rollcall::coordinator
