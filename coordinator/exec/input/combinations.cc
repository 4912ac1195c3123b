#include "coordinator/exec/input/combinations.h"

#include <fmt/core.h>
#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {

std::uint64_t InputSource::lines() const {
  if (const auto* range = std::get_if<NumberRange>(&values)) return range->count;
  return std::get<LineStore>(values).size();
}

std::string InputSource::line(std::uint64_t i) const {
  if (const auto* range = std::get_if<NumberRange>(&values)) return (*range)[i];
  return std::get<LineStore>(values)[i];
}

std::size_t InputSource::longest() const {
  if (const auto* range = std::get_if<NumberRange>(&values))
    return (*range)[range->count - 1].size();
  return std::get<LineStore>(values).longest();
}

Result<Combinations> Combinations::of(std::vector<InputSource> sources) {
  CHECK(!sources.empty() && !sources.front().is_linked);
  Combinations result(std::move(sources));
  for (const InputSource& source : result.sources_) {
    if (source.is_linked) {
      result.groups_.back() = std::min(result.groups_.back(), source.size());
    } else {
      result.groups_.push_back(source.size());
    }
  }
  if (std::ranges::find(result.groups_, 0U) != result.groups_.end()) {
    result.size_ = 0;
    return result;
  }
  for (const std::uint64_t group : result.groups_) {
    if (group > limits::task_count / result.size_) {
      return permanent(fmt::format("more than {} combinations", limits::task_count));
    }
    result.size_ *= group;
  }
  return result;
}

std::vector<std::string> Combinations::operator[](std::uint64_t i) const {
  CHECK(i < size_);
  std::vector<std::uint64_t> places(groups_.size());
  for (std::size_t group = groups_.size(); group-- > 0;) {
    places[group] = i % groups_[group];
    i /= groups_[group];
  }
  std::vector<std::string> values;
  values.reserve(sources_.size());
  std::size_t next_group = 0;
  for (const InputSource& source : sources_) {
    if (!source.is_linked) ++next_group;
    values.push_back(source[places[next_group - 1]]);
  }
  return values;
}

std::vector<std::vector<std::uint64_t>> Combinations::sizes() const {
  std::vector<std::vector<std::uint64_t>> sizes;
  for (const InputSource& source : sources_) {
    if (!source.is_linked) sizes.emplace_back();
    sizes.back().push_back(source.size());
  }
  return sizes;
}

}  // namespace rollcall::coordinator
