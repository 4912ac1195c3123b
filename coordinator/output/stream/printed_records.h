// Counts the records that an output has certainly printed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <utility>

namespace rollcall::coordinator {

/// Counts records of accepted outcomes, which are published in their order. Streams are counted in
/// bytes from their beginning. A value; pure.
class PrintedRecords {
 public:
  using Bytes = std::array<std::uint64_t, 2>;  ///< of standard output and standard error

  /// count() before a record is published.
  static constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

  /// Records [first, first + count) were passed to the output.
  void handed_over(std::size_t first, std::size_t count) {
    if (handed_over_ == kUnbounded) printed_ = marked_ = first_ = first;
    handed_over_ = first + count;
  }
  /// The records so far have made no more text than `appended`.
  void mark(const Bytes& appended) { mark_before(handed_over_, appended); }
  /// So have the first `count` of the records that were ever passed to the output.
  void mark(std::uint64_t count, const Bytes& appended) {
    if (first_ != kUnbounded) mark_before(first_ + count, appended);
  }
  /// This much of each stream was written.
  void written(const Bytes& written) {
    while (!marks_.empty() && marks_.front().second[0] <= written[0] &&
           marks_.front().second[1] <= written[1]) {
      printed_ = marks_.front().first;
      marks_.pop_front();
    }
  }
  /// All records below this one are printed; unbounded until a record is published.
  std::size_t count() const { return printed_; }

 private:
  void mark_before(std::size_t end, const Bytes& appended) {
    if (handed_over_ == kUnbounded || end == marked_) return;
    marked_ = end;
    marks_.emplace_back(marked_, appended);
  }

  std::size_t first_ = kUnbounded;
  std::size_t handed_over_ = kUnbounded;
  std::size_t marked_ = kUnbounded;
  std::size_t printed_ = kUnbounded;
  std::deque<std::pair<std::size_t, Bytes>> marks_;
};

}  // namespace rollcall::coordinator
