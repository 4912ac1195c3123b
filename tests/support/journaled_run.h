// What the tests of runs with a journal share: the commands, and a look into the file.
#pragma once

#include <string>
#include <vector>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {

/// One row, as text; NULL is empty.
using SqlRow = std::vector<std::string>;

/// The rows of a query over a journal, or what a statement that changes it gives: none. The test
/// fails if it cannot be carried out.
std::vector<SqlRow> sql(const std::string& journal, const std::string& statement);
/// The one number that a query gives.
std::int64_t number_in(const std::string& journal, const std::string& query);

class JournaledRuns : public ProgramsTest {
 protected:
  std::string journal() const { return file("run.journal"); }
  /// `rollcall ARGUMENTS`: resume, report, validate.
  Program& command(const Arguments& arguments);
  /// `rollcall sleep --journal FILE --output jsonl` with two local workers and these options.
  Program& journaled_run(const Arguments& more);
  /// journaled_run() of `tasks` pauses of 0.3 to 1.5 s, once `done` of them are told.
  Program& begun_run(std::size_t tasks, std::size_t done, const Arguments& more = {});
  /// SIGKILL to the coordinator. Returns its local workers, who live on.
  std::vector<pid_t> kill_coordinator(Program& run);
  /// A run of 40 short sleeps, finished.
  Program& finished_run(const Arguments& more = {});
};

}  // namespace rollcall::integration
