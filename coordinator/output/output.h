// The interface of the formats of standard output.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/model/ids.h"
#include "common/model/output_stream.h"
#include "common/model/task.h"
#include "common/model/time.h"
#include "coordinator/core/analysis/summary.h"
#include "coordinator/core/model/records.h"
#include "coordinator/core/output/output_rows.h"
#include "coordinator/exec/results/spool_files.h"
#include "coordinator/output/stream/output_thread.h"
#include "coordinator/view/display.h"

namespace rollcall::coordinator {

/// Where a run can be reached, for the first event of its output.
struct RunPlace {
  Duration clock{};      ///< an Instant plus this is the time since 1970
  std::string endpoint;  ///< at which workers join
  std::string control;   ///< path of the control socket; empty: none
};

/// One format of standard output (text, json, jsonl). Called on the thread of the event loop; an
/// OutputThread writes the text. The `records` given at construction outlive it. No function waits
/// or throws, but for drain(); failed() returns the first failed write.
class Output {
 public:
  virtual ~Output() = default;

  /// Called first, once the coordinator listens.
  virtual void run_started(Instant now, const RunPlace& place) = 0;
  virtual void worker_joined(Instant now, SessionIndex session) = 0;
  /// The number of tasks is known now.
  virtual void input_ended(Instant /*now*/) {}
  /// `returned`: tasks that are pending again because the session ended.
  virtual void worker_left(Instant now, SessionIndex session, std::uint64_t returned) = 0;
  virtual void tasks_started(Instant now, SessionIndex session, std::span<const TaskId> tasks) = 0;
  /// These outcomes of a report were failures, and their tasks will be retried.
  virtual void attempts_failed(Instant now, SessionIndex session, const OutcomeColumns& outcomes,
                               std::span<const std::uint32_t> rows) = 0;
  /// Records [first, first + count) were accepted.
  virtual void outcomes_accepted(Instant now, std::size_t first, std::size_t count) = 0;
  /// The output of this attempt is to be printed as it arrives in the spool, before its outcome.
  virtual void print_early(TaskId /*task*/, const SpoolKey& /*key*/) {}
  /// Output is not to be spooled: it is given to output_received().
  virtual bool prints_live() const { return false; }
  /// The next bytes of an attempt that runs.
  virtual void output_received(const SessionAttempt& /*attempt*/, OutputStream /*stream*/,
                               std::string&& /*bytes*/) {}
  /// There is more to read: the spool has taken more output or, with `sync`, has written more.
  virtual void output_arrived() {}
  /// Writes text that was delayed, to be sorted, if it is due at `now`.
  virtual void advance(Instant now) = 0;
  /// Returns when advance() is due; kNever if it is not needed.
  virtual Instant next_deadline() const = 0;
  /// The run is over, or left unfinished. `order` is finish_order().
  virtual void finished(const Summary& summary, std::span<const std::uint32_t> order) = 0;
  /// Hands the text of a turn over to the thread that writes it.
  virtual void flush() = 0;
  /// Hands over all text and waits until it is written, however slow the reader is.
  void drain() {
    flush();
    thread().drain();
  }
  /// The number of records, in their order, whose text was completely written, so that they need
  /// not be published again. Unbounded until a record is published.
  virtual std::size_t printed() const = 0;
  /// Why standard output cannot be written any more; empty if it can.
  const std::string& failed() { return thread().failed(); }
  /// The thread that writes the text, and may write files too.
  virtual OutputThread& thread() = 0;
};

/// Outputs write to `fd`, which the caller owns. SIGPIPE must be ignored.
std::unique_ptr<Output> make_text_output(const RunRecords& records, int fd, bool task_lines);
/// `display` outlives the output.
std::unique_ptr<Output> make_json_output(const RunRecords& records, int fd,
                                         const KindDisplay& display);
std::unique_ptr<Output> make_jsonl_output(const RunRecords& records, int fd,
                                          const KindDisplay& display);

}  // namespace rollcall::coordinator
