// What makes the tasks of `rollcall exec`: lines, numbers, or commands written out in JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/result.h"
#include "common/model/command.h"
#include "coordinator/exec/input/line_store.h"

namespace rollcall::coordinator {

/// --range A-B or A-B:STEP, both ends included.
struct NumberRange {
  std::uint64_t first = 0;
  std::uint64_t step = 1;
  std::uint64_t count = 0;  ///< from 1 to limits::task_count

  std::string operator[](std::uint64_t i) const { return std::to_string(first + i * step); }
};

/// Whole numbers up to 2^63 - 1. The error says what would be right.
Result<NumberRange> parse_range(std::string_view text);

/// One line of --from-json: an object with "args" and, if wanted, "env", "cwd", "stdin" and
/// "timeout" ("30s"). Anything else in it is an error. `timeout` of the result is 0 without one.
Result<Command> parse_json_command(std::string_view line);

/// One line of the input is one task. Filled piece by piece, so that no line is held twice.
class TaskInput {
 public:
  /// Lines that end with `separator`.
  static TaskInput lines(char separator) { return TaskInput(LineStore(separator), false); }
  static TaskInput range(const NumberRange& range) { return TaskInput(range, false); }
  /// A JSON object in each line.
  static TaskInput json() { return TaskInput(LineStore('\n'), true); }

  /// Reads `fd` to its end; waits for it. Not for a range. The error names what is wrong: reading,
  /// or "line 7 ...".
  Result<void> read(int fd);
  Result<void> add(std::string_view bytes);
  Result<void> finish();

  std::uint64_t size() const;
  /// Bytes of the longest text().
  std::size_t longest() const;
  /// Whether each task is a whole command, for parse_json_command().
  bool has_commands() const { return is_json_; }
  /// What {} stands for; the text of the object. Requires task < size().
  std::string text(std::uint64_t task) const;

 private:
  TaskInput(std::variant<LineStore, NumberRange> source, bool is_json)
      : source_(std::move(source)), is_json_(is_json) {}
  Result<void> check_commands();

  std::variant<LineStore, NumberRange> source_;
  bool is_json_;
  std::uint64_t checked_ = 0;  ///< lines that are known to be good commands
};

}  // namespace rollcall::coordinator
