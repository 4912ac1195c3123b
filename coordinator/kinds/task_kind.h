// A kind of task, as the runtime sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/result.h"
#include "common/cli/command_line.h"
#include "common/model/kind_id.h"
#include "common/model/task.h"
#include "coordinator/cli/run_options.h"
#include "coordinator/core/commits/commit.h"
#include "coordinator/core/model/policy.h"
#include "coordinator/core/model/records.h"
#include "coordinator/journal/journal.h"
#include "coordinator/kinds/streamed_input.h"
#include "coordinator/kinds/streamed_output.h"
#include "coordinator/output/output.h"

namespace rollcall::coordinator {

/// All that sets one kind of task apart, for one run with its options. The runtime asks this object
/// and never which kind it is; the scheduler knows RunSpec::traits alone. While the run goes on,
/// each call is about a batch of tasks. The defaults suit a kind that has no payload. One owner,
/// one thread.
class TaskKind {
 public:
  TaskKind() = default;
  virtual ~TaskKind() = default;
  TaskKind(const TaskKind&) = delete;
  TaskKind& operator=(const TaskKind&) = delete;

  virtual RunOptions& options() = 0;
  const RunOptions& options() const { return const_cast<TaskKind*>(this)->options(); }

  /// As it is typed: "sleep".
  std::string name() const { return std::string(to_string(spec().kind)); }

  // Before the run.

  /// Reads the input and opens files. Only options() and name() may be called before it. May block.
  /// Errors are permanent, with one line for the user.
  [[nodiscard]] virtual Result<void> prepare() { return {}; }
  /// With --dry-run, prints the commands and returns the exit status; else returns nullopt. Waits
  /// for the end of the input.
  virtual std::optional<int> dry_run() { return std::nullopt; }
  /// Only the kind is set before prepare().
  virtual const RunSpec& spec() const = 0;
  virtual Policy policy() const = 0;
  /// A JSON object that is equal for equal requests; --resume compares it.
  virtual nlohmann::json request() const = 0;
  /// Returns the input for a new journal, or nullopt. It must not outlive this object.
  virtual std::optional<JournalInput> journal_input() const { return std::nullopt; }
  /// For a new journal: identifies the file that a streamed input is read from. Empty if the input
  /// is not streamed, or does not come from a file.
  virtual std::string input_source() const { return {}; }
  /// The input that is read while the run goes on. Null: every task is known before the run.
  virtual StreamedInput* streamed_input() { return nullptr; }
  /// Keeps output that arrives while its commands run. Null: output arrives in reports alone.
  virtual StreamedOutput* streamed_output() { return nullptr; }
  /// Why `rollcall follow` cannot print what tasks write, as a sentence without its end; empty: it
  /// can, from streamed_output().
  virtual std::string why_not_followed() const { return "tasks of this run have no output"; }
  /// Open files that one local worker needs at least; 0: no more than any process.
  virtual std::uint64_t worker_descriptors() const { return 0; }

  // Resuming and reporting.

  /// Continues the run in `journal`, of which the first `published` records were published.
  [[nodiscard]] virtual Result<void> restore(Journal& journal, const RunRecords& records,
                                             std::uint64_t published);
  /// For a report: reads the results in the journal. Replaces prepare() and restore().
  [[nodiscard]] virtual Result<void> replay(Journal& journal, const RunRecords& records,
                                            bool is_finished);

  // Output.

  virtual const KindDisplay& display() const = 0;
  /// Makes standard output in the format of the options. `records` and this must outlive it.
  std::unique_ptr<Output> make_output(const RunRecords& records) const;
  /// Files of this kind are written on the thread of the output, which reports errors.
  virtual void write_files_on(OutputThread& /*thread*/) {}
  /// Text output of a finished run, for a report.
  virtual std::unique_ptr<Output> make_text_report(const RunRecords& records) const = 0;
  /// Whether standard output has lines before the end of the run.
  virtual bool writes_as_it_goes() const { return false; }
  /// Returns text for standard error before the run; may be empty.
  virtual std::string notice() const { return {}; }

  // While the run goes on.

  /// Adds the payload to the attempts of an assignment.
  virtual void fill(AttemptColumns&) const {}
  /// Why a report of these outcomes cannot be true, in words; empty: it can.
  virtual std::string contradiction(const OutcomeColumns&) const { return {}; }
  /// Marks failures that are not to be retried.
  virtual void mark_final(OutcomeColumns&) const {}
  /// A report of the session was processed: of its outcomes the scheduler accepted records [before,
  /// records.accepted()). Takes their payload out of `outcomes`.
  virtual void received(SessionIndex /*session*/, const RunRecords&, std::size_t /*before*/,
                        OutcomeColumns&) {}
  /// Returns the payload of records [first, first + count) for their commit.
  virtual std::vector<CommittedCommand> commit_payload(std::size_t /*first*/,
                                                       std::size_t /*count*/) const {
    return {};
  }
  /// Records [first, first + count) are committed, and are about to go to the output.
  virtual void publish(const RunRecords&, std::size_t /*first*/, std::size_t /*count*/) {}
  /// Records up to this one (not included) have gone to the output: their payload is not needed
  /// any more.
  virtual void published(std::size_t /*through*/) {}
  /// The run has ended, and the journal says so: files beside the journal are no longer needed.
  virtual void finished() {}
  /// Whether tasks print their results. Then the run stops if those cannot be written, and progress
  /// is hidden meanwhile.
  virtual bool prints_results() const { return false; }
  /// Whether the first signal waits for running tasks instead of ending them.
  virtual bool waits_for_running() const { return false; }

 private:
  virtual std::unique_ptr<Output> make_text_output(const RunRecords& records) const = 0;
};

using ParsedKind = std::variant<std::unique_ptr<TaskKind>, cli::PrintText, cli::UsageError>;

/// A kind in the table of kinds.
struct Kind {
  KindId id;
  std::string_view summary;  ///< for the list of commands
  /// Parses the arguments after the name of the command.
  ParsedKind (*parse)(const std::vector<std::string>& arguments,
                      const cli::Environment& environment);
};

/// The kind that parsed options are for.
template <class Concrete, class Options>
ParsedKind kind_of_parsed(ParsedOptions<Options> parsed) {
  if (auto* options = std::get_if<Options>(&parsed)) {
    return std::make_unique<Concrete>(std::move(*options));
  }
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  return std::get<cli::UsageError>(std::move(parsed));
}

}  // namespace rollcall::coordinator
