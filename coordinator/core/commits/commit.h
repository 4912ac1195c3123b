// The committed form of a run, from which it can be resumed: commits, in order. Each holds the
// changes since the one before. Applied in order to an empty RunRecords they restore the records,
// except for facts that workers report again (their clocks, the attempts that they hold).
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/messages/message.h"
#include "common/model/ids.h"
#include "common/model/task.h"
#include "common/model/time.h"
#include "coordinator/core/model/records.h"

namespace rollcall::coordinator {

/// A session, as it joined. Committed before its first assignment.
struct CommittedSession {
  SessionIndex index{};
  SessionId id;
  std::string name;
  std::string host;
  std::uint32_t pid = 0;
  std::uint32_t slots = 0;  ///< in force; 0: no limit
  bool is_local = false;    ///< started by a coordinator of this run
  Instant welcomed;
};

/// The state of a session. The newest replaces earlier ones.
struct CommittedProgress {
  SessionIndex index{};
  std::uint64_t last_report = 0;  ///< this report is committed, and all before it
  std::uint64_t stale = 0;
  std::uint64_t begun = 0;
  std::uint64_t ended = 0;
  SessionEnd end = SessionEnd::none;
  std::string end_reason;
  std::optional<Goodbye> goodbye;
};

/// Accepted outcomes that arrived together, column by column.
struct CommittedOutcomes {
  std::optional<SessionIndex> session;  ///< none: decided by the coordinator itself
  Instant arrived;
  Duration clock_bound{};
  std::vector<TaskId> task;
  std::vector<Attempt> attempt;
  std::vector<Outcome> outcome;
  std::vector<Instant> started;
  std::vector<Duration> elapsed;
  std::vector<Instant> dispatched;  ///< `arrived` if decided by the coordinator itself

  std::size_t size() const { return task.size(); }
};

/// Counters of the whole run. The newest replace earlier ones.
struct CommittedCounters {
  std::optional<Instant> first_dispatch;
  std::uint64_t attempts_total = 0;
  std::uint64_t attempts_retried = 0;
  std::uint64_t attempts_adopted = 0;
  std::uint64_t stale = 0;
  std::uint64_t reports_repeated = 0;
  /// Records that were printed before this commit.
  std::uint64_t published = 0;
  bool wait_timeout_passed = false;
  bool stop_requested = false;
};

/// Tasks that were added at the end, while the input was read.
struct CommittedTasks {
  std::uint32_t count = 0;
  bool is_last = false;  ///< no task will be added any more
  std::string error;     ///< if is_last: why the input ended before its end; empty: it did not

  std::string text{};  ///< the input of these tasks; filled in by the runtime
  Instant at{};        ///< when the last of them was added
};

/// Where the output is that travelled before an outcome: an attempt whose bytes are in a spool.
struct CommittedOutput {
  SessionIndex session{};
  Attempt attempt = 0;  ///< as on the wire
  Epoch epoch = 0;      ///< in which it was assigned

  friend bool operator==(const CommittedOutput&, const CommittedOutput&) = default;
};

/// The result of the command of one of the outcomes.
struct CommittedCommand {
  std::uint64_t record = 0;
  std::shared_ptr<const CommandResult> result;
  std::optional<CommittedOutput> output{};  ///< set if its `out_before` or `err_before` is not 0
};

/// Atomic: all of it is committed, or none. Instants are on the coordinator's clock.
struct Commit {
  std::uint64_t first_record = 0;  ///< of `outcomes`, in RunRecords
  std::optional<CommittedTasks> tasks{};
  std::vector<CommittedSession> sessions;
  std::vector<CommittedProgress> progress;
  std::vector<CommittedOutcomes> outcomes;
  std::vector<std::pair<TaskId, Duration>> result_mismatches;  ///< of these outcomes
  std::vector<std::pair<TaskId, TaskHistory>> history;         ///< the newest replaces earlier ones
  CommittedCounters counters;
  std::vector<CommittedCommand> commands{};  ///< empty in the scheduler; filled in by the runtime

  std::uint64_t outcome_count() const;
};

/// Adds the outcomes of records [first, records.accepted()) to `commit`. Requires that the batches
/// of `records` are whole from `first` on.
void add_outcomes(const RunRecords& records, std::size_t first, Commit& commit);
CommittedSession committed_session(const RunRecords& records, SessionIndex session);
CommittedProgress committed_progress(const RunRecords& records, SessionIndex session);
CommittedCounters committed_counters(const RunRecords& records, std::uint64_t published);

/// Rebuilds the records of a run from its commits. One owner, one thread.
class Replay {
 public:
  explicit Replay(const RunSpec& spec) : records_(spec) {}

  /// Applies the next commit. Returns false if it does not follow the commits before (a task that
  /// is done, an unknown session, a record out of order); then this object must not be used any
  /// more.
  [[nodiscard]] bool apply(const Commit& commit);
  const RunRecords& records() const { return records_; }
  RunRecords take() { return std::move(records_); }

 private:
  bool apply(const CommittedTasks& committed);
  bool apply(const CommittedSession& committed);
  bool apply(const CommittedProgress& committed);
  bool apply(const CommittedOutcomes& committed);
  std::uint32_t dispatch_at(Instant at, SessionIndex session);

  RunRecords records_;
  boost::unordered_flat_map<std::pair<Duration::rep, SessionIndex>, std::uint32_t> dispatches_;
};

}  // namespace rollcall::coordinator
