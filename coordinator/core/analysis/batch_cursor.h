// Finds the batch of a record.
#pragma once

#include <algorithm>
#include <cstddef>

#include "coordinator/core/model/records.h"

namespace rollcall::coordinator {

/// Which batch a record came in. Asked for records that lie close together it is fast: it remembers
/// where it was. Reads `records`, which must outlive it and not change.
class BatchCursor {
 public:
  explicit BatchCursor(const RunRecords& records) : records_(records) {}

  /// Requires that `record` is in some batch.
  const AcceptedBatch& of(std::size_t record) {
    if (!holds(record)) {
      if (batch_ + 1 < records_.batches.size() && record >= records_.batch_end(batch_)) ++batch_;
      if (!holds(record)) search(record);
    }
    return records_.batches[batch_];
  }

 private:
  bool holds(std::size_t record) const {
    return record >= records_.batches[batch_].first_record && record < records_.batch_end(batch_);
  }
  void search(std::size_t record) {
    const auto after = std::upper_bound(
        records_.batches.begin(), records_.batches.end(), record,
        [](std::size_t r, const AcceptedBatch& batch) { return r < batch.first_record; });
    batch_ = static_cast<std::size_t>(after - records_.batches.begin()) - 1;
  }

  const RunRecords& records_;
  std::size_t batch_ = 0;
};

}  // namespace rollcall::coordinator
