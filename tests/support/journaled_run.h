// A fixture for integration tests of runs with a journal.
#pragma once

#include <string>
#include <vector>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {

/// One row, as text; NULL is empty.
using SqlRow = std::vector<std::string>;

/// Runs a statement on a journal and returns its rows. The test fails on an error.
std::vector<SqlRow> sql(const std::string& journal, const std::string& statement);
/// Returns the result of a query for a single number.
std::int64_t number_in(const std::string& journal, const std::string& query);

class JournaledRuns : public ProgramsTest {
 protected:
  std::string journal() const { return file("run.journal"); }
  /// Starts `rollcall ARGUMENTS`, for example resume, report or validate.
  Program& command(const Arguments& arguments);
  /// Starts `rollcall sleep --journal FILE --output jsonl` with two local workers and `more`.
  Program& journaled_run(const Arguments& more);
  /// Starts a run of `tasks` sleeps of 0.3 to 6 s and waits until `done` results are printed.
  Program& begun_run(std::size_t tasks, std::size_t done, const Arguments& more = {});
  /// Kills the coordinator with SIGKILL. Returns its local workers, which keep running.
  std::vector<pid_t> kill_coordinator(Program& run);
  /// Completes a run of 40 short sleeps.
  Program& finished_run(const Arguments& more = {});
};

}  // namespace rollcall::integration
