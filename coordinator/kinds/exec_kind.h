// The kind of task that runs a command.
#pragma once

#include <optional>

#include "coordinator/cli/exec_options.h"
#include "coordinator/exec/results/contradiction.h"
#include "coordinator/exec/results/exec_run.h"
#include "coordinator/kinds/exec_spool.h"
#include "coordinator/kinds/exec_stream.h"
#include "coordinator/kinds/task_kind.h"
#include "coordinator/view/exec_display.h"

namespace rollcall::coordinator {

/// The payload of an attempt is its command, that of an outcome the result of the command.
class ExecKind final : public TaskKind {
 public:
  explicit ExecKind(ExecOptions options);

  using TaskKind::options;
  RunOptions& options() override { return options_; }

  Result<void> prepare() override;
  std::optional<int> dry_run() override;
  const RunSpec& spec() const override { return spec_; }
  Policy policy() const override;
  nlohmann::json request() const override;
  std::optional<JournalInput> journal_input() const override;
  std::string input_source() const override {
    return stream_ ? stream_->identity() : std::string();
  }
  StreamedInput* streamed_input() override { return stream_ ? &*stream_ : nullptr; }
  StreamedOutput* streamed_output() override { return spool_ ? &*spool_ : nullptr; }
  std::string why_not_followed() const override;
  std::uint64_t worker_descriptors() const override;

  Result<void> restore(Journal& journal, const RunRecords& records,
                       std::uint64_t published) override;
  Result<void> replay(Journal& journal, const RunRecords& records, bool is_finished) override;

  const KindDisplay& display() const override { return display_; }
  std::unique_ptr<Output> make_text_report(const RunRecords& records) const override;
  void write_files_on(OutputThread& thread) override;
  bool writes_as_it_goes() const override;

  void fill(AttemptColumns& attempts) const override { run_->fill(attempts); }
  std::string contradiction(const OutcomeColumns& outcomes) const override {
    return first_contradiction(outcomes, run_->commands());
  }
  void mark_final(OutcomeColumns& outcomes) const override {
    if (options_.retry_on) options_.retry_on->mark_final(outcomes);
  }
  void received(SessionIndex session, const RunRecords& records, std::size_t before,
                OutcomeColumns& outcomes) override;
  std::vector<CommittedCommand> commit_payload(std::size_t first,
                                               std::size_t count) const override {
    return run_->results().for_commit(first, count);
  }
  void publish(const RunRecords& records, std::size_t first, std::size_t count) override;
  void published(std::size_t through) override { run_->results().mark_published(through); }

  void finished() override {
    if (spool_) spool_->finish();
  }
  bool prints_results() const override { return true; }
  /// A command may take long and should not be wasted.
  bool waits_for_running() const override { return true; }

 private:
  std::unique_ptr<Output> make_text_output(const RunRecords& records) const override;

  ExecOptions options_;
  RunSpec spec_;
  std::optional<ExecRun> run_;        ///< set by prepare() and replay()
  std::string streamed_from_;         ///< name of the source; empty: the input is not streamed
  std::optional<ExecStream> stream_;  ///< the rest of a streamed input
  std::optional<ExecSpool> spool_;    ///< nullopt: output arrives in reports alone
  ExecDisplay display_{{}};
};

}  // namespace rollcall::coordinator
