// One accepted outcome as one row of results, in CSV and in JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/core/analysis/batch_cursor.h"
#include "coordinator/core/model/records.h"
#include "coordinator/view/display.h"

namespace rollcall::coordinator {

/// The first line of a results file in CSV (docs/reference/results.md).
inline constexpr std::string_view kCsvHeader =
    "task,outcome,attempt,worker,pause_seconds,started_seconds,finished_seconds,lateness_seconds,"
    "finished_bound_seconds,accepted\n";
/// The same with the columns that `display` adds.
std::string csv_header(const KindDisplay& display);

/// Writes rows. Instants become seconds since the first dispatch. `records` and `display` outlive
/// it; the records may only grow.
class RowWriter {
 public:
  RowWriter(const RunRecords& records, const KindDisplay& display);

  /// Appends one CSV line.
  void append_csv(std::string& out, std::size_t record);
  /// Appends the members of one JSON object, without its braces.
  void append_json_members(std::string& out, std::size_t record);
  /// The name of a session in rows and events: its id, 32 hexadecimal digits.
  std::string_view name_of(SessionIndex session);

 private:
  /// Appends the fields of a record, each through `form`, in the order of kCsvHeader.
  template <class Form>
  void append(Form form, std::size_t record);
  Instant zero() const;

  const RunRecords& records_;
  const KindDisplay& display_;
  bool has_pauses_;
  bool has_more_columns_;
  BatchCursor batch_;
  std::vector<std::string> names_;  ///< by session; empty: not made yet
};

}  // namespace rollcall::coordinator
