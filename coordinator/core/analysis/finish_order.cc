#include <algorithm>
#include <cstdint>
#include <vector>

#include "coordinator/core/analysis/validation.h"

namespace rollcall::coordinator {
namespace {

/// Records arrive almost in order of finish: workers report in order, and only reports of different
/// workers at about the same time overlap. A merge sort of the existing runs, which merges only
/// their overlap, is then close to one pass.
class FinishSort {
 public:
  explicit FinishSort(const RunRecords& records) : records_(records), order_(records.accepted()) {
    for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = static_cast<std::uint32_t>(i);
  }

  std::vector<std::uint32_t> sorted() && {
    find_runs();
    while (run_ends_.size() > 1) merge_pairs();
    return std::move(order_);
  }

 private:
  static constexpr std::size_t kShortestRun = 32;
  using Place = std::vector<std::uint32_t>::iterator;

  bool before(std::uint32_t a, std::uint32_t b) const {
    const Instant at_a = records_.finished(a);
    const Instant at_b = records_.finished(b);
    return at_a != at_b ? at_a < at_b : records_.task[a] < records_.task[b];
  }
  auto by_finish() const {
    return [this](std::uint32_t a, std::uint32_t b) { return before(a, b); };
  }
  Place place(std::size_t i) { return order_.begin() + static_cast<std::ptrdiff_t>(i); }

  void find_runs() {
    for (std::size_t begin = 0; begin < order_.size();) {
      std::size_t end = begin + 1;
      while (end < order_.size() && !before(order_[end], order_[end - 1])) ++end;
      if (end - begin < kShortestRun) {
        end = std::min(begin + kShortestRun, order_.size());
        std::sort(place(begin), place(end), by_finish());
      }
      run_ends_.push_back(static_cast<std::uint32_t>(end));
      begin = end;
    }
  }

  void merge_pairs() {
    std::size_t committed = 0;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < run_ends_.size(); i += 2) {
      const std::size_t last = std::min(i + 1, run_ends_.size() - 1);
      if (last > i) merge(place(begin), place(run_ends_[i]), place(run_ends_[last]));
      begin = run_ends_[last];
      run_ends_[committed++] = run_ends_[last];
    }
    run_ends_.resize(committed);
  }

  void merge(Place begin, Place middle, Place end) {
    if (!before(*middle, *(middle - 1))) return;
    begin = std::upper_bound(begin, middle, *middle, by_finish());
    end = std::lower_bound(middle, end, *(middle - 1), by_finish());
    std::inplace_merge(begin, middle, end, by_finish());
  }

  const RunRecords& records_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> run_ends_;
};

}  // namespace

std::vector<std::uint32_t> finish_order(const RunRecords& records) {
  return FinishSort(records).sorted();
}

}  // namespace rollcall::coordinator
