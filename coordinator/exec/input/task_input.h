// The input of `rollcall exec`: lines, a range of numbers, combinations, commands as JSON, or
// blocks.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/result.h"
#include "common/model/command.h"
#include "common/model/time.h"
#include "coordinator/exec/input/combinations.h"
#include "coordinator/exec/input/line_groups.h"
#include "coordinator/exec/input/line_store.h"
#include "coordinator/exec/input/number_range.h"
#include "coordinator/exec/input/record_blocks.h"

namespace rollcall::coordinator {

/// The shortest time limit of a command.
inline constexpr Duration kShortestTimeout = std::chrono::milliseconds(1);

/// Parses one line of --from-json: an object with "args" and the optional members "env", "cwd",
/// "stdin" and "timeout" ("30s"). Any other member is an error. Without "timeout" the result's
/// timeout is 0. Of a member that is given twice, the last counts.
Result<Command> parse_json_command(std::string_view line);

/// The same checks and those that journals of earlier versions need not pass: no member is given
/// twice, and the timeout is at least kShortestTimeout.
Result<void> check_json_command(std::string_view line);

/// Reads `fd` to its end in chunks; blocks. Fails if it cannot be read, or as `take` does.
Result<void> read_chunks(int fd, const std::function<Result<void>(std::string_view chunk)>& take);

/// What separates the lines of an input.
struct LineFormat {
  char separator = '\n';
  std::optional<char> csv{};  ///< the lines are records of CSV, with this separator of fields
  bool has_header = false;    ///< the first line names the columns; it is not a task
};

/// The tasks of a run, one for each line, number, combination or block. Lines are filled in chunks,
/// so that no line is stored twice; each complete line is a task at once. Threads: see LineStore.
class TaskInput {
 public:
  /// How large the values of a task can be.
  struct Longest {
    std::size_t bytes = 0;  ///< of all values
    std::size_t values = 1;
    std::size_t block = 0;  ///< bytes of a block
  };

  /// Lines that end in `separator`.
  static TaskInput lines(char separator) { return TaskInput(LineStore(separator), false); }
  static TaskInput lines(const LineFormat& format);
  static TaskInput range(const NumberRange& range) { return TaskInput(range, false); }
  static TaskInput combinations(Combinations all);
  static TaskInput blocks(RecordFormat format) {
    return TaskInput(RecordBlocks(std::move(format)), false);
  }
  /// One JSON object per line: see check_json_command().
  static TaskInput json() { return TaskInput(LineStore('\n'), true); }
  /// The same, from a journal: see parse_json_command().
  static TaskInput saved_json() {
    TaskInput input = json();
    input.is_saved_ = true;
    return input;
  }

  /// Makes a task of several lines, numbers, or values of the only input. Not for JSON, blocks or
  /// several inputs. Called once, before lines are added. Fails as add() does.
  Result<void> group(GroupLimits limits);

  /// Reads `fd` to its end; blocks. Only for lines and blocks. Errors are permanent: a read error,
  /// or a text that names the invalid line ("line 7 ...").
  Result<void> read(int fd);
  /// As read(), in chunks that may end anywhere: add() each of them, then finish().
  Result<void> add(std::string_view bytes);
  Result<void> finish();
  /// The lines so far, or the bytes of blocks, are whole tasks. Fails as add() does.
  Result<void> end_task();
  /// The same, but what is no whole line or record is dropped.
  void end_early();

  /// Tasks so far: complete lines, of JSON up to the first invalid one; numbers; combinations;
  /// groups that will not get more lines.
  std::uint64_t size() const;
  /// The first line of each input, without which it has no tasks; nullopt: inputs have no header,
  /// or it has not arrived.
  std::optional<std::vector<std::string>> header() const;
  bool has_header() const { return has_header_; }
  /// Bytes of the input up to the end of the last complete line or block: see LineStore. 0 if it is
  /// neither.
  std::uint64_t bytes() const;
  Longest longest() const;
  /// How many lines, each the text of a task, end with a carriage return.
  std::uint64_t carriage_returns() const;
  /// Whether each text() is a command for parse_json_command().
  bool has_commands() const { return is_json_; }
  /// Whether a task has a block. It has no values, and its text is empty.
  bool has_blocks() const { return std::holds_alternative<RecordBlocks>(source_); }
  /// Requires has_blocks() and task < size(): see RecordBlocks.
  std::string block(std::uint64_t task) const { return std::get<RecordBlocks>(source_)[task]; }
  std::size_t block_bytes(std::uint64_t task) const {
    return std::get<RecordBlocks>(source_).bytes_of(task);
  }
  /// The block of the task, if it has one, will not be needed any more.
  void forget(std::uint64_t task) {
    if (auto* blocks = std::get_if<RecordBlocks>(&source_)) blocks->forget(task);
  }
  /// What replaces {}; {1}, {2} ... if the inputs are several. Requires task < size().
  std::vector<std::string> values(std::uint64_t task) const;
  /// The values of the task, separated by spaces; or the JSON object; or the record of CSV without
  /// its line end. Requires task < size().
  std::string text(std::uint64_t task) const;
  /// The same, but lines of a group are separated by newlines.
  std::string lines_of(std::uint64_t task) const;

  /// The lines or the block that the task was made of. Requires task < size().
  std::vector<std::string> parts(std::uint64_t task) const;
  /// The lines of all inputs, one input after the other, with their headers; or the blocks.
  std::uint64_t line_count() const;
  std::string line(std::uint64_t i) const;
  /// Whether line(i) is from a file, and not from the command line.
  bool is_from_file(std::uint64_t i) const;
  /// See Combinations::sizes(). Empty without combinations.
  std::vector<std::vector<std::uint64_t>> source_sizes() const;

 private:
  using Source = std::variant<LineStore, NumberRange, Combinations, RecordBlocks>;

  TaskInput(Source source, bool is_json) : source_(std::move(source)), is_json_(is_json) {}
  Result<void> check_commands();
  Result<void> add_to_groups();
  /// Checks what was added, and returns the first error.
  Result<void> take(const Result<void>& added);
  /// Where line(i) is. Requires combinations.
  std::pair<const InputSource*, std::uint64_t> place_of(std::uint64_t i) const;
  /// Lines before the first task.
  std::uint64_t header_lines() const;

  Source source_;
  bool is_json_;
  bool is_saved_ = false;
  bool has_header_ = false;
  bool is_csv_ = false;
  std::uint64_t checked_ = 0;  ///< if is_json_: the number of valid lines
  std::optional<LineGroups> groups_;
  std::uint64_t grouped_ = 0;  ///< lines that are in groups_
};

}  // namespace rollcall::coordinator
