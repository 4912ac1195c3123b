// How commands are shown in rows and documents.
#pragma once

#include "coordinator/exec/results/exec_run.h"
#include "coordinator/output/format/display.h"

namespace rollcall::coordinator {

/// Adds exit status, signal, error, processor time and memory to each row, the command's output to
/// each event, and a list of failures to the document.
class ExecDisplay final : public KindDisplay {
 public:
  /// `run` must outlive this. It is nullptr if the run ended before the journal had its input; then
  /// the commands are unknown.
  explicit ExecDisplay(const ExecRun* run) : run_(run) {}

  bool has_pauses() const override { return false; }
  bool is_brief() const override { return true; }
  std::string_view columns() const override;
  void append_columns(RowForm& form, std::size_t record) const override;
  void append_event_members(std::string& line, std::size_t record) const override;
  void add_failure_members(nlohmann::ordered_json& event, const OutcomeColumns& outcomes,
                           std::size_t row) const override;
  std::string dropped_text() const override;
  void add_members(const RunRecords& records, nlohmann::ordered_json& document) const override;

 private:
  const ExecRun* run_;
};

}  // namespace rollcall::coordinator
