// Many lines in little more memory than their bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace rollcall::coordinator {

/// Lines, in the order in which they came, each found by its number in about a microsecond. Costs
/// their bytes and a quarter of a byte each. What comes is taken in pieces that may end anywhere.
class LineStore {
 public:
  /// `separator` ends a line ('\n', '\0'); the last line may be without. Nothing else is taken off:
  /// a
  /// '\r' stays, an empty line is a line.
  explicit LineStore(char separator) : separator_(separator) {}

  /// Error, with the number of the line from 1: it is longer than limits::input_line_bytes, has a
  /// NUL that does not separate, or there are more than limits::task_count. Nothing may be added
  /// then.
  Result<void> add(std::string_view bytes);
  /// The end of what comes.
  Result<void> finish();

  std::uint64_t size() const { return count_; }
  /// Line `i`, below size(). Valid until this dies.
  std::string_view operator[](std::uint64_t i) const;
  /// Bytes of the longest of them.
  std::size_t longest() const { return longest_; }
  /// For error messages and tests: about how many bytes this takes.
  std::size_t memory() const;

 private:
  /// Whole lines, one after the other, each with its separator.
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t used = 0;
    std::uint64_t first = 0;           ///< number of its first line
    std::vector<std::uint32_t> marks;  ///< where each kMarked-th of its lines begins
  };
  static constexpr std::size_t kBlockBytes = std::size_t{1} << 20U;
  static constexpr std::uint64_t kMarked = 16;

  Result<void> take(std::string_view line);
  Error error(const std::string& what) const;

  char separator_;
  std::uint64_t count_ = 0;
  std::size_t longest_ = 0;
  std::vector<Block> blocks_;
  std::string unfinished_;  ///< the begin of a line whose end has not come
};

}  // namespace rollcall::coordinator
