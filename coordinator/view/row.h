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

/// Writes rows. Instants become seconds since the first dispatch. `records` and `display` outlive
/// it; the records may only grow.
class RowWriter {
 public:
  RowWriter(const RunRecords& records, const KindDisplay& display);

  /// Appends the line with the names of the columns (docs/reference/results.md). Reads the input of
  /// all tasks if these have parameters.
  void append_csv_header(std::string& out);
  /// Appends one CSV line. After append_csv_header(), so that all lines have the same columns.
  void append_csv(std::string& out, std::size_t record);
  /// Appends the members of one JSON object, without its braces.
  void append_json_members(std::string& out, std::size_t record);
  /// The name of a session in rows and events: its id, 32 hexadecimal digits.
  std::string_view name_of(SessionIndex session);

 private:
  /// Appends the fields of a record, each through `form`, in the order of the header.
  template <class Form>
  void append(Form form, std::size_t record);
  Instant zero() const;

  const RunRecords& records_;
  const KindDisplay& display_;
  bool has_pauses_;
  bool has_more_columns_;
  bool has_input_;
  std::vector<std::string> parameters_;  ///< the names of the last columns
  BatchCursor batch_;
  std::vector<std::string> names_;  ///< by session; empty: not made yet
};

}  // namespace rollcall::coordinator
