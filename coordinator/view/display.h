// How a kind of task is shown in rows and documents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/task.h"
#include "common/model/time.h"
#include "coordinator/core/model/records.h"

namespace rollcall::coordinator {

/// A row being written, in CSV or in JSON. Fields come in the order of the columns.
class RowForm {
 public:
  virtual void number(std::string_view name, std::optional<std::uint64_t> value) = 0;
  virtual void text(std::string_view name, std::string_view value) = 0;
  /// Letters and digits only.
  virtual void word(std::string_view name, std::string_view value) = 0;
  virtual void seconds(std::string_view name, std::optional<Duration> value) = 0;
  /// Text of the user, which may be empty and need not be UTF-8.
  virtual void bytes(std::string_view name, std::string_view value) = 0;
  /// Values with names of their own: columns in CSV, one object called `name` in JSON. There are as
  /// many names as values, or more.
  virtual void group(std::string_view name, const std::vector<std::string>& names,
                     const std::vector<std::string>& values) = 0;

 protected:
  ~RowForm() = default;
};

/// What a kind of task adds to rows, events and documents. The defaults are those of a sleep.
class KindDisplay {
 public:
  virtual ~KindDisplay() = default;

  /// Each task sleeps for a known time: rows have its pause and lateness, documents its seed.
  virtual bool has_pauses() const { return true; }
  /// A program runs this kind as it runs other programs: one line sums the run up, and a log gets
  /// no progress.
  virtual bool is_brief() const { return false; }
  /// After the run the failed tasks are listed.
  virtual bool lists_failures() const { return false; }
  /// Why the task of the record failed, and what it ran, in one line that is safe for a terminal.
  virtual std::string failure(const RunRecords& records, std::size_t record) const {
    return std::string(to_string(records.outcome_of(records.task[record])));
  }
  /// The command of the task, as a line for a shell; empty if it has none.
  virtual std::string command(TaskId /*task*/) const { return {}; }
  /// The same, with all that the command reads from its standard input.
  virtual std::string whole_command(TaskId task) const { return command(task); }
  /// A command of the user that lists all failed tasks; empty: there is none.
  virtual std::string list_failed() const { return {}; }
  /// The last lines that a failed task wrote, each with a newline; empty if they are not kept.
  virtual std::string failure_tail(std::size_t /*record*/) const { return {}; }
  /// The columns that this kind adds to each row, as in a CSV header: ",exit_status,signal".
  /// If it is empty, neither append function is called.
  virtual std::string_view columns() const { return {}; }
  virtual void append_columns(RowForm&, std::size_t /*record*/) const {}
  /// The columns after all others, as in columns(): what the task was given. If it is empty,
  /// neither of the next two is called.
  virtual std::string_view input_columns() const { return {}; }
  /// The names of the values of tasks, which append_input() adds beyond these. May take long.
  virtual std::vector<std::string> parameters() const { return {}; }
  /// `parameters`: these names; those that are missing are added.
  virtual void append_input(RowForm&, TaskId /*task*/,
                            std::vector<std::string>& /*parameters*/) const {}
  /// Appends members to the JSON line of an outcome, each with a comma before it.
  virtual void append_event_members(std::string& /*line*/, std::size_t /*record*/) const {}
  /// Adds members to the event of a failed attempt that will be repeated.
  virtual void add_failure_members(nlohmann::ordered_json& /*event*/,
                                   const OutcomeColumns& /*outcomes*/, std::size_t /*row*/) const {}
  /// What was produced and not kept, in words; empty: nothing. Of tasks whose results were
  /// published.
  virtual std::string dropped_text() const { return {}; }
  /// Adds members to the document about the run.
  virtual void add_members(const RunRecords&, nlohmann::ordered_json&) const {}
};

}  // namespace rollcall::coordinator
