// Queries a journal with SQL, as a user would.
#include <sqlite3.h>

#include <cmath>
#include <sstream>

#include "coordinator/core/analysis/validation.h"
#include "coordinator/journal/journal.h"
#include "coordinator/view/row.h"
#include "tests/support/journal_fixture.h"

namespace rollcall::coordinator {
namespace {

using Row = std::vector<std::string>;

class JournalSqlTest : public JournalTest {
 protected:
  /// Returns the column names and then the rows, as text. NULL is empty.
  std::vector<Row> read(const std::string& sql) {
    sqlite3* database = nullptr;
    EXPECT_EQ(sqlite3_open_v2(path().c_str(), &database, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
    std::vector<Row> rows(1);
    const int columns = sqlite3_column_count(statement);
    for (int i = 0; i < columns; ++i) rows[0].emplace_back(sqlite3_column_name(statement, i));
    while (sqlite3_step(statement) == SQLITE_ROW) {
      Row& row = rows.emplace_back();
      for (int i = 0; i < columns; ++i) {
        const auto* text = sqlite3_column_text(statement, i);
        row.emplace_back(text == nullptr ? "" : reinterpret_cast<const char*>(text));
      }
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return rows;
  }
};

Row fields_of(const std::string& line) {
  Row fields;
  std::istringstream text(line);
  for (std::string field; std::getline(text, field, ',');) fields.push_back(field);
  return fields;
}

TEST_F(JournalSqlTest, ResultViewEqualsTheResultsFile) {
  const JournalRun run = journal_run(500);
  const auto commits = RandomCommits(run.spec, 9).all();
  const auto journal = create_journal(run);
  for (const auto& commit : commits) ASSERT_TRUE(journal->commit(*commit));
  const RunRecords records = replayed(run.spec, commits);

  const std::vector<Row> rows = read("SELECT * FROM result");
  const KindDisplay sleeps;
  RowWriter writer(records, sleeps);
  std::string header;
  writer.append_csv_header(header);
  header.pop_back();
  EXPECT_EQ(rows.at(0), fields_of(header));
  ASSERT_EQ(rows.size(), 501U);
  std::size_t place = 0;
  for (const std::uint32_t record : finish_order(records)) {
    std::string line;
    writer.append_csv(line, record);
    const Row expected = fields_of(line.substr(0, line.size() - 1));
    const Row& row = rows[++place];
    for (std::size_t column = 0; column < expected.size(); ++column) {
      const std::string& name = rows[0][column];
      if (name.ends_with("_seconds") && !expected[column].empty()) {
        EXPECT_NEAR(std::stod(row[column]), std::stod(expected[column]), 1e-9) << name << place;
      } else {
        EXPECT_EQ(row[column], expected[column]) << name << place;
      }
    }
  }
}

TEST_F(JournalSqlTest, ResultViewComparesSecondsAsNumbers) {
  const JournalRun run = journal_run(100);
  const auto journal = create_journal(run);
  for (const auto& commit : RandomCommits(run.spec, 9).all()) ASSERT_TRUE(journal->commit(*commit));
  EXPECT_EQ(read("SELECT count(*) FROM result WHERE pause_seconds > 0.0205").at(1).at(0), "0");
  EXPECT_EQ(read("SELECT count(*) FROM result WHERE pause_seconds > 0.0005").at(1).at(0), "100");
}

TEST_F(JournalSqlTest, TablesHaveTheDocumentedColumns) {
  create_journal(journal_run(5)).reset();
  const std::pair<const char*, const char*> tables[] = {
      {"run",
       "run_id,pause_min_ns,pause_max_ns,seed,collection_method,wait_timeout_ns,"
       "request,created_unix_ns,state,finished_unix_ns,startup_ns,planning_ns,validation_ns,"
       "cpu_seconds,peak_rss_bytes,exit_status,signal"},
      {"job", "job,kind,state,task_count,input_error,source,last_added_ns"},
      {"segment", "first,count,job,first_index"},
      {"epoch", "epoch,pid,boot_id,monotonic_ns,boottime_ns,unix_ns,shift_ns"},
      {"session",
       "session,session_id,name,host,pid,slots,is_local,welcomed_ns,last_report,stale,state,"
       "end_reason,goodbye_reports,goodbye_outcomes,goodbye_cpu_seconds,goodbye_peak_rss_bytes,"
       "clock_bound_ns,begun,ended"},
      {"batch", "first_accepted,session,arrived_ns,clock_bound_ns,digest"},
      {"outcome", "accepted,task,attempt,outcome,pause_ns,started_ns,elapsed_ns,dispatched_ns"},
      {"history", "task,attempts,unstarted,losses,failures,cancelled"},
      {"odd_result", "task,result_ns"},
      {"output", "accepted,session,attempt,epoch,stdout_bytes,stderr_bytes"},
      {"counters",
       "epoch,accepted,published,first_dispatch_ns,attempts_total,attempts_retried,"
       "attempts_adopted,stale,reports_repeated,wait_timeout_passed,stop_requested"},
      {"checksum",
       "commits,log_needed,tables,run,epoch,session,batch,history,odd_result,command,input,"
       "standard_input,counters,job,segment,output,own"}};
  for (const auto& [table, columns] : tables) {
    EXPECT_EQ(read(std::string("SELECT * FROM ") + table).at(0), fields_of(columns)) << table;
  }
  EXPECT_EQ(read("PRAGMA user_version").at(1).at(0), "3");
  EXPECT_EQ(read("PRAGMA application_id").at(1).at(0), std::to_string(0x52634a31));
  EXPECT_EQ(read("SELECT state FROM run").at(1).at(0), "running");
  EXPECT_EQ(read("SELECT * FROM job").at(1), (Row{"1", "sleep", "closed", "5", "", "", ""}));
  EXPECT_EQ(read("SELECT * FROM segment").at(1), (Row{"0", "5", "1", "0"}));
}

TEST_F(JournalSqlTest, OneSegmentHasAllTasks) {
  auto journal = create_journal(opened(journal_run(0)));
  EXPECT_EQ(read("SELECT * FROM segment").size(), 1U) << "a segment without tasks";
  for (const std::uint32_t count : {2U, 0U, 3U}) {
    Commit commit;
    commit.tasks.emplace().count = count;
    ASSERT_TRUE(journal->commit(commit));
  }
  const std::vector<Row> segments = read("SELECT * FROM segment");
  ASSERT_EQ(segments.size(), 2U);
  EXPECT_EQ(segments[1], (Row{"0", "5", "1", "0"}));
  EXPECT_EQ(read("SELECT count(*) FROM input").at(1).at(0), "0") << "an empty part";
}

}  // namespace
}  // namespace rollcall::coordinator
