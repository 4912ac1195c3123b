// Rows of results as they were written: CSV, JSON lines, or events.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/model/task.h"
#include "common/model/time.h"
#include "coordinator/exec/input/csv.h"
#include "coordinator/exec/results/command_results.h"

namespace rollcall::coordinator {

/// What is known of a task from its row.
struct SavedRow {
  std::uint64_t task = 0;
  Outcome outcome = Outcome::succeeded;
  std::optional<CommandFacts> facts;  ///< without its error; nullopt: no command, or it has not run
  std::string error;                  ///< why it could not be started
  Duration elapsed{};
  std::optional<std::string> command;  ///< exact; nullopt: the row has none
  std::string json;                    ///< the row as a JSON object
};

/// Takes the bytes of a file of results, in pieces that may end anywhere, and passes on its rows.
/// The first byte tells CSV from JSON lines; of the events of a run, `done` is a row. Errors are
/// permanent and name the line.
class SavedResults {
 public:
  explicit SavedResults(std::function<void(const SavedRow&)> take) : take_(std::move(take)) {}

  Result<void> add(std::string_view bytes);
  /// Fails if the last line is not complete.
  Result<void> finish();

 private:
  Result<void> add_csv(std::string_view bytes);
  Result<void> add_json(std::string_view bytes);
  Result<void> end_record();
  Result<void> end_json_line();
  Error error(const std::string& what) const;

  std::function<void(const SavedRow&)> take_;
  enum class Form : std::uint8_t { unknown, csv, json } form_ = Form::unknown;
  std::string text_;        ///< of a record or a line that has not ended
  std::uint64_t line_ = 1;  ///< of JSON
  CsvRecords records_{','};
  std::vector<std::string> names_;  ///< empty before the first line
};

/// "task 4: exit status 2: ls /not/there", safe for a terminal.
std::string failed_row_line(const SavedRow& row);

/// A line for a script: the command, which reads nothing from the standard input of the script.
std::string script_line(const std::string& command);

}  // namespace rollcall::coordinator
