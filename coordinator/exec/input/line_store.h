// A compact store for many lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace rollcall::coordinator {

/// Owns lines in input order. Finds a line by its number in about a microsecond. The overhead is a
/// quarter of a byte per line. Input arrives in chunks that may end anywhere. One thread fills it.
/// It does not change after finish().
class LineStore {
 public:
  /// `separator` ('\n' or '\0') ends each line; it is optional after the last one. A '\r' is part
  /// of its line, and an empty line counts.
  explicit LineStore(char separator) : separator_(separator) {}

  /// Fails permanently if a line is longer than limits::input_line_bytes or contains a NUL that is
  /// not the separator, or if there are more than limits::task_count lines. The error names the
  /// line, numbered from 1. Must not be called again after an error.
  Result<void> add(std::string_view bytes);
  /// Ends the input. Fails as add() does.
  Result<void> finish();

  std::uint64_t size() const { return count_; }
  /// Line `i`, without its separator. Requires i < size(). Valid as long as the store.
  std::string_view operator[](std::uint64_t i) const;
  /// How many lines end with a carriage return, as files from Windows have it.
  std::uint64_t carriage_returns() const { return carriage_returns_; }
  /// Bytes of the longest line.
  std::size_t longest() const { return longest_; }
  /// Approximate memory use in bytes, for tests.
  std::size_t memory() const;

 private:
  /// Whole lines in a row, each with its separator.
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t used = 0;
    std::uint64_t first = 0;           ///< number of the first line
    std::vector<std::uint32_t> marks;  ///< offset of every kMarked-th line
  };
  static constexpr std::size_t kBlockBytes = std::size_t{1} << 20U;
  static constexpr std::uint64_t kMarked = 16;

  Result<void> append(std::string_view line);
  Error error(const std::string& what) const;

  char separator_;
  std::uint64_t count_ = 0;
  std::uint64_t carriage_returns_ = 0;
  std::size_t longest_ = 0;
  std::vector<Block> blocks_;
  std::string partial_;  ///< the beginning of a line that is not complete yet
};

}  // namespace rollcall::coordinator
