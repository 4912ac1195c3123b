// All combinations of the values of several inputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/base/result.h"
#include "coordinator/exec/input/line_store.h"
#include "coordinator/exec/input/number_range.h"

namespace rollcall::coordinator {

/// One input of several, read to its end.
struct InputSource {
  std::variant<LineStore, NumberRange> values;
  bool is_linked = false;   ///< advances together with the one before
  bool is_file = false;     ///< its values are not on the command line
  bool has_header = false;  ///< the first line is a name, and not a value

  std::uint64_t size() const { return lines() - (has_header && lines() > 0 ? 1 : 0); }
  std::string operator[](std::uint64_t i) const { return line(i + (has_header ? 1 : 0)); }
  /// With the name.
  std::uint64_t lines() const;
  std::string line(std::uint64_t i) const;
  /// Bytes of the longest value.
  std::size_t longest() const;
};

/// Owns the inputs and computes each combination on request, so that memory does not depend on
/// their number. The order is that of GNU parallel: the last input varies fastest. Linked inputs
/// are one column of tuples, as many as the shortest of them has values. Immutable. Any thread.
class Combinations {
 public:
  /// Fails with a permanent error if there are more than limits::task_count combinations. Requires
  /// a source; the first one is not linked.
  static Result<Combinations> of(std::vector<InputSource> sources);

  std::uint64_t size() const { return size_; }
  /// One value of each source. Requires i < size().
  std::vector<std::string> operator[](std::uint64_t i) const;
  const std::vector<InputSource>& sources() const { return sources_; }
  /// The sizes of the sources; those that are linked are in one list.
  std::vector<std::vector<std::uint64_t>> sizes() const;

 private:
  explicit Combinations(std::vector<InputSource> sources) : sources_(std::move(sources)) {}

  std::vector<InputSource> sources_;
  std::vector<std::uint64_t> groups_;  ///< by group of linked sources: how many tuples it has
  std::uint64_t size_ = 1;
};

}  // namespace rollcall::coordinator
