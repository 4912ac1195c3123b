#include "tests/support/journaled_run.h"

#include <signal.h>
#include <sqlite3.h>

namespace rollcall::integration {

std::vector<SqlRow> sql(const std::string& journal, const std::string& statement) {
  sqlite3* database = nullptr;
  sqlite3_stmt* prepared = nullptr;
  std::vector<SqlRow> rows;
  EXPECT_EQ(sqlite3_open_v2(journal.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_prepare_v2(database, statement.c_str(), -1, &prepared, nullptr), SQLITE_OK)
      << sqlite3_errmsg(database);
  int step = SQLITE_DONE;
  while ((step = sqlite3_step(prepared)) == SQLITE_ROW) {
    SqlRow& row = rows.emplace_back();
    for (int i = 0; i < sqlite3_column_count(prepared); ++i) {
      const auto* text = sqlite3_column_text(prepared, i);
      row.emplace_back(text == nullptr ? "" : reinterpret_cast<const char*>(text));
    }
  }
  EXPECT_EQ(step, SQLITE_DONE) << sqlite3_errmsg(database);
  sqlite3_finalize(prepared);
  sqlite3_close(database);
  return rows;
}

std::int64_t number_in(const std::string& journal, const std::string& query) {
  const std::vector<SqlRow> rows = sql(journal, query);
  if (rows.size() == 1 && rows[0].size() == 1 && !rows[0][0].empty()) return std::stoll(rows[0][0]);
  ADD_FAILURE() << "not one number: " << query;
  return -1;
}

Program& JournaledRuns::command(const Arguments& arguments) {
  return start({programs_directory() / "rollcall", arguments, {}, {}, {}});
}

Program& JournaledRuns::journaled_run(const Arguments& more) {
  return rollcall(Arguments{"--journal", journal(), "--output", "jsonl", "-w", "2"} + more);
}

Program& JournaledRuns::begun_run(std::size_t tasks, std::size_t done, const Arguments& more) {
  Program& run = journaled_run(
      Arguments{"-n", std::to_string(tasks), "--pause-min", "0.3", "--pause-max", "6"} + more);
  wait_for_events(run, "done", done);
  return run;
}

std::vector<pid_t> JournaledRuns::kill_coordinator(Program& run) {
  std::vector<pid_t> workers = children_of(run.pid());
  run.signal(SIGKILL);
  EXPECT_EQ(run.wait(), -SIGKILL) << run.story();
  return workers;
}

Program& JournaledRuns::finished_run(const Arguments& more) {
  Program& run = journaled_run(Arguments{"-n", "40", "--pause", "50ms"} + more);
  EXPECT_EQ(run.wait(), 0) << run.story();
  return run;
}

}  // namespace rollcall::integration
