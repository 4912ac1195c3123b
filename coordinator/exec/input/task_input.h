// The input of `rollcall exec`: lines, a range of numbers, or commands as JSON.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/result.h"
#include "common/model/command.h"
#include "common/model/time.h"
#include "coordinator/exec/input/line_store.h"

namespace rollcall::coordinator {

/// The value of --range: A-B or A-B:STEP, including both ends.
struct NumberRange {
  std::uint64_t first = 0;
  std::uint64_t step = 1;
  std::uint64_t count = 0;  ///< 1 to limits::task_count

  std::string operator[](std::uint64_t i) const { return std::to_string(first + i * step); }
};

/// Numbers are integers from 0 to 2^63 - 1. The error states the expected form.
Result<NumberRange> parse_range(std::string_view text);

/// The shortest time limit of a command.
inline constexpr Duration kShortestTimeout = std::chrono::milliseconds(1);

/// Parses one line of --from-json: an object with "args" and the optional members "env", "cwd",
/// "stdin" and "timeout" ("30s"). Any other member is an error. Without "timeout" the result's
/// timeout is 0. Of a member that is given twice, the last counts.
Result<Command> parse_json_command(std::string_view line);

/// The same checks and those that journals of earlier versions need not pass: no member is given
/// twice, and the timeout is at least kShortestTimeout.
Result<void> check_json_command(std::string_view line);

/// The tasks of a run, one for each line or number. Filled in chunks, so that no line is stored
/// twice; each complete line is a task at once. Threads: see LineStore.
class TaskInput {
 public:
  /// Lines that end in `separator`.
  static TaskInput lines(char separator) { return TaskInput(LineStore(separator), false); }
  static TaskInput range(const NumberRange& range) { return TaskInput(range, false); }
  /// One JSON object per line: see check_json_command().
  static TaskInput json() { return TaskInput(LineStore('\n'), true); }
  /// The same, from a journal: see parse_json_command().
  static TaskInput saved_json() {
    TaskInput input = json();
    input.is_saved_ = true;
    return input;
  }

  /// Reads `fd` to its end; blocks. Not for a range. Errors are permanent: a read error, or a text
  /// that names the invalid line ("line 7 ...").
  Result<void> read(int fd);
  /// As read(), in chunks that may end anywhere: add() each of them, then finish().
  Result<void> add(std::string_view bytes);
  Result<void> finish();

  /// Complete lines so far, of JSON up to the first invalid one; or numbers.
  std::uint64_t size() const;
  /// Bytes of the input up to the end of the last complete line: see LineStore. 0 for a range.
  std::uint64_t bytes() const;
  /// Bytes of the longest text().
  std::size_t longest() const;
  /// How many lines, each the text of a task, end with a carriage return.
  std::uint64_t carriage_returns() const;
  /// Whether each text() is a command for parse_json_command().
  bool has_commands() const { return is_json_; }
  /// The text that replaces {}, or the JSON object. Requires task < size().
  std::string text(std::uint64_t task) const;

 private:
  TaskInput(std::variant<LineStore, NumberRange> source, bool is_json)
      : source_(std::move(source)), is_json_(is_json) {}
  Result<void> check_commands();

  std::variant<LineStore, NumberRange> source_;
  bool is_json_;
  bool is_saved_ = false;
  std::uint64_t checked_ = 0;  ///< if is_json_: the number of valid lines
};

}  // namespace rollcall::coordinator
