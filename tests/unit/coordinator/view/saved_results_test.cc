// Reading rows of results again.
#include "coordinator/view/saved_results.h"

#include <gmock/gmock.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "coordinator/view/base64.h"

namespace rollcall::coordinator {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using namespace std::chrono_literals;

constexpr const char* kHeader =
    "task,outcome,attempt,worker,pause_seconds,started_seconds,finished_seconds,lateness_seconds,"
    "finished_bound_seconds,accepted,exit_status,signal,error,cpu_seconds,peak_rss_bytes,"
    "stdout_dropped_bytes,stderr_dropped_bytes,seq,worker_name,run_seconds,input,command,arg1,"
    "arg2\n";

/// Reads `text`, each byte alone. `error` is the first error.
std::vector<SavedRow> rows_of(const std::string& text, std::string* error = nullptr) {
  std::vector<SavedRow> rows;
  SavedResults results([&rows](const SavedRow& row) { rows.push_back(row); });
  Result<void> read;
  for (const char c : text) {
    if (read) read = results.add({&c, 1});
  }
  if (read) read = results.finish();
  if (error != nullptr) *error = read ? "" : read.error().message;
  EXPECT_TRUE(read || error != nullptr);
  return rows;
}

std::string fault_in(const std::string& text) {
  std::string error;
  rows_of(text, &error);
  return error;
}

TEST(SavedResults, ReadsCsv) {
  const std::vector<SavedRow> rows = rows_of(
      std::string(kHeader) +
      "4,failed,1,01,,0.1,1.6,,,1,2,,,0.5,4096,0,0,5,\"w,1\",1.500000000,\"a \"\"b\"\"\n2\","
      "\"echo 'a \"\"b\"\"\n' 2\",\"a \"\"b\"\"\n\",2\n"
      "7,succeeded,1,01,,,,,,2,0,,,,,,,8,w,0.1,,true,,\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].task, 4U);
  EXPECT_EQ(rows[0].outcome, Outcome::failed);
  EXPECT_EQ(rows[0].facts->status, 2);
  EXPECT_EQ(rows[0].elapsed, 1500ms);
  EXPECT_EQ(rows[0].command, "echo 'a \"b\"\n' 2");
  const json row = json::parse(rows[0].json);
  EXPECT_EQ(row.at("worker_name"), "w,1");
  EXPECT_EQ(row.at("exit_status"), 2);
  EXPECT_EQ(row.at("signal"), nullptr);
  EXPECT_EQ(row.at("run_seconds"), 1.5);
  EXPECT_EQ(row.at("columns"), (json{{"arg1", "a \"b\"\n"}, {"arg2", "2"}}));
  EXPECT_EQ(json::parse(rows[1].json).at("input"), "");
}

TEST(SavedResults, ReadsJsonLinesAndEvents) {
  const std::string command = "echo '\xff'";
  const std::vector<SavedRow> rows = rows_of(
      R"({"event":"run_started","kind":"exec"})"
      "\n"
      R"({"event":"done","task":3,"outcome":"timed_out","exit_status":null,"run_seconds":2.0})"
      "\n"
      R"({"task":1,"outcome":"failed","signal":9,"command":"echo '\ufffd'","command_base64":")" +
      base64(command) + "\"}");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(failed_row_line(rows[0]), "task 3: timed out after 2.00 s");
  EXPECT_FALSE(rows[0].command);
  EXPECT_EQ(rows[1].command, command);
  EXPECT_EQ(failed_row_line(rows[1]), "task 1: signal 9 (SIGKILL): echo '?'");
}

TEST(SavedResults, ReadsRowsOfEarlierVersionsAndOfSleeps) {
  const std::vector<SavedRow> rows = rows_of(
      "task,outcome,attempt,worker,pause_seconds,started_seconds,finished_seconds\r\n"
      "2,lost,0,,2.0,,3.0\r\n"
      "5,timed_out,1,01,,1.0,3.5\r\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(failed_row_line(rows[0]), "task 2: lost: too many lost workers, or no worker left");
  EXPECT_EQ(failed_row_line(rows[1]), "task 5: timed out after 2.50 s");
}

TEST(SavedResults, NamesAProgramThatCouldNotStartOnce) {
  EXPECT_EQ(failed_row_line(rows_of(R"({"task":0,"outcome":"failed","error":"cannot start x: No)"
                                    R"( such file","command":"x a"})")
                                .at(0)),
            "task 0: cannot start x: No such file");
}

TEST(SavedResults, NamesTheLimitOfMemoryAndTheCommand) {
  const std::string row = R"x({"task":0,"outcome":"failed","signal":9,"command":"x a",)x"
                          R"x("error":"out of memory (limit 1M)"})x";
  EXPECT_EQ(failed_row_line(rows_of(row).at(0)), "task 0: out of memory (limit 1M): x a");
}

TEST(SavedResults, RejectsWhatIsNotWhole) {
  EXPECT_EQ(fault_in("task,outcome\n1,failed\n2,fai"), "line 3: the file is not complete");
  EXPECT_EQ(fault_in("task,outcome\n1,\"failed"), "line 2: the file is not complete");
  EXPECT_EQ(fault_in("task,outcome\n1\n"), "line 2: expected 2 fields, found 1");
  EXPECT_EQ(fault_in("task,outcome\n1,odd\n"), "line 2: not a row of results");
  EXPECT_EQ(fault_in("a,b\n"), "line 1: expected the columns of a results file: task is missing");
  EXPECT_EQ(fault_in("{\"task\":1,\"outcome\":\"failed\"}\n{\"task\""),
            "line 2: not a row of results");
  EXPECT_EQ(fault_in("{\"a\":1}\n"), "line 1: not a row of results");
  EXPECT_EQ(fault_in(""), "");
}

TEST(ScriptLine, LeavesTheStandardInputToTheScript) {
  EXPECT_EQ(script_line("cat a"), "cat a < /dev/null");
  EXPECT_EQ(script_line("printf -- x | cat"), "{ printf -- x | cat; } < /dev/null");
  EXPECT_EQ(script_line("cat < f"), "{ cat < f; } < /dev/null");
}

TEST(Base64, IsDecoded) {
  for (const std::string bytes : {"", "a", "ab", "abc", "\xff\xfe\x01", "four"}) {
    EXPECT_EQ(from_base64(base64(bytes)), bytes);
  }
  EXPECT_EQ(from_base64("a"), std::nullopt);
  EXPECT_EQ(from_base64("a*=="), std::nullopt);
  EXPECT_EQ(from_base64("YQ"), std::nullopt);
}

}  // namespace
}  // namespace rollcall::coordinator
