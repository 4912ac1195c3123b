// One accepted outcome as one row of results, in CSV and in JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/core/analysis/batch_cursor.h"
#include "coordinator/core/model/records.h"
#include "coordinator/exec/results/command_results.h"

namespace rollcall::coordinator {

/// The first line of a results file in CSV (docs/reference/results.md).
inline constexpr std::string_view kCsvHeader =
    "task,outcome,attempt,worker,pause_seconds,started_seconds,finished_seconds,lateness_seconds,"
    "finished_bound_seconds,accepted\n";
/// What follows in a run of commands.
inline constexpr std::string_view kCsvCommandHeader =
    ",exit_status,signal,error,cpu_seconds,peak_rss_bytes";
/// The whole line, for either.
std::string csv_header(bool has_commands);

/// Writes rows. Instants become seconds since the first dispatch. Reads `records`, which must
/// outlive it and may only grow.
class RowWriter {
 public:
  /// `commands`: what came of them, if it is a run of commands; else null. Outlives it too.
  explicit RowWriter(const RunRecords& records, const CommandResults* commands = nullptr);

  /// Appends one CSV line.
  void append_csv(std::string& out, std::size_t record);
  /// Appends the members of one JSON object, without its braces.
  void append_json_members(std::string& out, std::size_t record);
  /// The session as it is shown: 32 hexadecimal digits.
  std::string_view name_of(SessionIndex session);

 private:
  /// Appends the fields of a record, each through `form`, in the order of kCsvHeader.
  template <class Form>
  void append(Form form, std::size_t record);
  /// The fields of kCsvCommandHeader.
  template <class Form>
  void append_command(Form& form, std::size_t record);
  Instant zero() const;

  const RunRecords& records_;
  const CommandResults* commands_;
  BatchCursor batch_;
  std::vector<std::string> names_;  ///< by session; empty: not asked for yet
};

}  // namespace rollcall::coordinator
