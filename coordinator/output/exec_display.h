// How commands are shown in rows and documents.
#pragma once

#include "coordinator/exec/results/exec_run.h"
#include "coordinator/output/format/display.h"

namespace rollcall::coordinator {

/// Adds exit status, signal, error, processor time and memory to each row, what the command wrote
/// to each event, and a list of failures to the document.
class ExecDisplay final : public KindDisplay {
 public:
  /// `run` outlives this; nullptr: the commands are unknown, as the run ended before the journal
  /// had its input.
  explicit ExecDisplay(const ExecRun* run) : run_(run) {}

  bool has_pauses() const override { return false; }
  std::string_view columns() const override;
  void append_columns(RowForm& form, std::size_t record) const override;
  void append_event_members(std::string& line, std::size_t record) const override;
  void add_members(const RunRecords& records, nlohmann::ordered_json& document) const override;

 private:
  const ExecRun* run_;
};

}  // namespace rollcall::coordinator
