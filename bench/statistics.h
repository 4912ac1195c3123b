// Percentiles of many measurements.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace rollcall::bench {

/// Returns the value that a share `part` (0 to 1) of `values` does not exceed; 0 if `values` is
/// empty. Reorders `values`.
inline double percentile(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  const auto last = static_cast<double>(values.size() - 1);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(part * last);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace rollcall::bench
