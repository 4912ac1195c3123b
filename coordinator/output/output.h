// What a run tells its user while it goes on and at its end.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/model/ids.h"
#include "common/model/time.h"
#include "coordinator/cli/options.h"
#include "coordinator/core/analysis/summary.h"
#include "coordinator/core/model/records.h"
#include "coordinator/exec/results/exec_run.h"

namespace rollcall::coordinator {

/// One form of output (text, json, jsonl). Owned by the coordinator's shell and called on its
/// thread only. `records` given at construction outlives it. Nothing here blocks for long or
/// throws: a write that fails is kept for failed().
class Output {
 public:
  virtual ~Output() = default;

  virtual void worker_joined(SessionIndex session) = 0;
  virtual void worker_left(SessionIndex session, std::uint64_t returned) = 0;
  virtual void tasks_started(Instant now, SessionIndex session, std::span<const TaskId> tasks) = 0;
  /// Records [first, first + count) were accepted.
  virtual void outcomes_accepted(Instant now, std::size_t first, std::size_t count) = 0;
  /// Writes what was held back, to be put in order or for a slow reader, if it is time at `now`.
  virtual void advance(Instant now) = 0;
  /// When advance() wants to be called; kNever: no need.
  virtual Instant next_deadline() const = 0;
  /// The run is over and accounted for. `order` is finish_order().
  virtual void finished(const Summary& summary, std::span<const std::uint32_t> order) = 0;
  /// Hands over to the operating system: at the end of a turn what can be without waiting for a
  /// slow reader (the rest follows with advance()), after finished() everything.
  virtual void flush() = 0;
  /// Of the records handed over, in their order, how many need not be told again: the operating
  /// system has all of their text. As long as none was handed over: no bound.
  virtual std::size_t printed() const = 0;
  /// Empty, or why standard output cannot be written any more.
  virtual const std::string& failed() const = 0;
};

/// Whether text output has lines for each task: by --task-lines; "auto" means up to
/// limits::task_lines tasks and not with --quiet.
bool task_lines_shown(const SleepOptions& options);

/// For standard error before the run: that there are no task lines and why. Empty if there is
/// nothing to say.
std::string task_lines_notice(const SleepOptions& options);

/// Outputs to `fd`, which stays the caller's. SIGPIPE must be ignored.
std::unique_ptr<Output> make_text_output(const RunRecords& records, int fd, bool task_lines);
/// `exec`: of a run of commands; else null. Outlives the output.
std::unique_ptr<Output> make_json_output(const RunRecords& records, int fd,
                                         const ExecRun* exec = nullptr);
std::unique_ptr<Output> make_jsonl_output(const RunRecords& records, int fd,
                                          const ExecRun* exec = nullptr);

}  // namespace rollcall::coordinator
