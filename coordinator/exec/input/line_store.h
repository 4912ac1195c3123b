// A compact store for many lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/limits.h"
#include "common/os/temporary_file.h"
#include "coordinator/exec/input/csv.h"
#include "coordinator/exec/input/line_blocks.h"

namespace rollcall::coordinator {

/// Owns lines in input order. Finds a line in memory by its number in about a microsecond. The
/// overhead is a quarter of a byte per line. Input arrives in chunks that may end anywhere, and
/// each line can be read as soon as it is complete. Only the lines that were added or read last
/// stay in memory: see LineBlocks. One thread adds lines; meanwhile no other thread may call any
/// function. Otherwise any threads may call the const functions at the same time.
class LineStore {
 public:
  /// How much stays in memory, at least 2 MiB, and the directory of the file that holds the rest.
  struct Memory {
    std::size_t bytes = limits::lines_in_memory;
    std::string directory = os::temporary_directory();
  };

  /// `separator` ('\n' or '\0') ends each line; it is optional after the last one. A '\r' is part
  /// of its line, and an empty line counts.
  explicit LineStore(char separator) : LineStore(separator, Memory()) {}
  LineStore(char separator, const Memory& memory);
  /// Each record of CSV is a line, which may have newlines in quotes. A '\r' of its line end is
  /// part of it. `field_separator`: see CsvRecords.
  static LineStore csv(char field_separator) { return csv(field_separator, Memory()); }
  static LineStore csv(char field_separator, const Memory& memory);

  /// Fails permanently if a line is longer than limits::input_line_bytes or contains a NUL that is
  /// not the separator, or if there are more than limits::task_count lines. The error names the
  /// line, numbered from 1. Must not be called again after an error.
  Result<void> add(std::string_view bytes);
  /// Ends the input: the last line may lack its separator. Fails as add() does. Nothing may be
  /// added after it.
  Result<void> finish();

  std::uint64_t size() const { return count_; }
  /// Returns a copy of line `i`, without its separator. Requires i < size(). May read a file; if
  /// that fails, the program aborts after a message.
  std::string operator[](std::uint64_t i) const;
  /// Bytes of the input up to the end of the last complete line, with all separators. After
  /// finish(): bytes of the whole input.
  std::uint64_t bytes() const { return bytes_; }
  /// How many lines end with a carriage return, as files from Windows have it; 0 of CSV, where it
  /// is part of the line end.
  std::uint64_t carriage_returns() const { return carriage_returns_; }
  /// Bytes of the longest line.
  std::size_t longest() const { return longest_; }
  /// Approximate memory use in bytes, for tests.
  std::size_t memory() const;

 private:
  static constexpr std::uint64_t kMarked = 16;

  Result<void> append(std::string_view line);
  LineBlock& block_with_room_for(std::size_t bytes);
  Error error(const std::string& what) const;

  char separator_;  ///< also of the lines in blocks
  std::optional<CsvRecords> csv_;
  std::uint64_t count_ = 0;
  std::uint64_t carriage_returns_ = 0;
  std::size_t longest_ = 0;
  std::uint64_t bytes_ = 0;
  std::vector<std::uint64_t> first_;  ///< by block: the number of its first line
  LineBlocks blocks_;                 ///< with the offset of every kMarked-th line
  std::string partial_;               ///< the beginning of a line that is not complete yet
};

}  // namespace rollcall::coordinator
