// How commands are shown in rows and documents.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/exec/results/run_commands.h"
#include "coordinator/view/display.h"

namespace rollcall::coordinator {

/// Adds exit status, signal, error, processor time and memory to each row, the command's output to
/// each event, and a list of failures to the document and the summary.
class ExecDisplay final : public KindDisplay {
 public:
  /// What `run` refers to outlives this. It is empty if the run ended before the journal had its
  /// input: then the commands are unknown.
  /// `discards`: output that was collected is neither printed nor written to files.
  explicit ExecDisplay(const RunCommands& run, std::string list_failed = {}, bool discards = false)
      : run_(run), list_failed_(std::move(list_failed)), discards_(discards) {}

  bool has_pauses() const override { return false; }
  bool is_brief() const override { return true; }
  bool lists_failures() const override { return true; }
  std::string failure(const RunRecords& records, std::size_t record) const override;
  std::string command(TaskId task) const override;
  std::string whole_command(TaskId task) const override;
  std::string list_failed() const override { return list_failed_; }
  std::string failure_tail(std::size_t record) const override;
  std::string_view columns() const override;
  void append_columns(RowForm& form, std::size_t record) const override;
  std::string_view input_columns() const override;
  std::vector<std::string> parameters() const override;
  void append_input(RowForm& form, TaskId task,
                    std::vector<std::string>& parameters) const override;
  void append_event_members(std::string& line, std::size_t record) const override;
  void add_failure_members(nlohmann::ordered_json& event, const OutcomeColumns& outcomes,
                           std::size_t row) const override;
  std::string dropped_text() const override;
  void add_members(const RunRecords& records, nlohmann::ordered_json& document) const override;

 private:
  bool is_known() const { return run_.results != nullptr; }
  std::optional<CommandFacts> facts(std::size_t record) const;
  std::string how(const RunRecords& records, std::size_t record) const;
  nlohmann::ordered_json failed_json(const RunRecords& records) const;
  nlohmann::ordered_json commands_json(const RunRecords& records) const;

  RunCommands run_;
  std::string list_failed_;
  bool discards_;
};

}  // namespace rollcall::coordinator
