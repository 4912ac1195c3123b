// The records of a run: the columns that the scheduler fills and everything else only reads.
//
// Sized for tens of millions of tasks: 7 bytes a task, 20 bytes an accepted outcome, and no more.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/messages/message.h"
#include "common/model/ids.h"
#include "common/model/task.h"
#include "common/model/time.h"
#include "coordinator/core/model/clock_estimate.h"
#include "coordinator/core/model/run_spec.h"

namespace rollcall::coordinator {

/// The state of a task. Done is final.
enum class TaskState : std::uint8_t { pending, assigned, done };

/// One assignment, for as long as the run lives.
struct Dispatch {
  Instant at;                   ///< coordinator's clock, when it was first sent
  SessionIndex session{};       ///< to which session
  std::uint32_t remaining = 0;  ///< attempts of it that have not ended
};

inline constexpr std::uint32_t kNoDispatch = 0xffffffff;

/// Accepted outcomes that arrived together; they run up to the first record of the next batch.
struct AcceptedBatch {
  std::uint32_t first_record = 0;
  std::optional<SessionIndex> session;  ///< none: decided by the coordinator itself
  Instant arrived;                      ///< coordinator's clock
  Duration clock_bound{};               ///< of the session's clock when it arrived
};

/// How a session ended, if it has.
enum class SessionEnd : std::uint8_t { none, goodbye, lost };

/// What is known of a task beside its last attempt. Only tasks whose attempts were lost, failed or
/// never began have one.
struct TaskHistory {
  Attempt attempts = 0;        ///< that began and have ended
  Attempt unstarted = 0;       ///< assignments of it that never began
  std::uint32_t losses = 0;    ///< sessions that were lost while they ran it
  std::uint32_t failures = 0;  ///< after which it was to be retried
  bool is_cancelled = false;   ///< by the user: no attempt at it is started or repeated
};

/// The attempts of a run or of one session: begun = finished + lost + running.
struct AttemptCounts {
  std::uint64_t finished = 0;  ///< an outcome has arrived
  std::uint64_t lost = 0;      ///< the session ended first
  std::uint64_t running = 0;

  std::uint64_t begun() const { return finished + lost + running; }
};

/// The results of one session.
struct SessionRecord {
  SessionId id;
  std::string name;
  std::string host;
  std::uint32_t pid = 0;
  std::uint32_t slots = 0;  ///< in force; 0: no limit
  bool is_local = false;    ///< started by a coordinator of this run
  Instant welcomed;
  std::optional<Instant> last_accepted;
  std::uint64_t tasks_done = 0;   ///< accepted outcomes of any kind
  std::uint64_t stale = 0;        ///< its outcomes that were dropped, or did not end their task
  std::uint64_t last_report = 0;  ///< this report was received, and all before it
  std::uint64_t begun = 0;        ///< attempts whose turn has come
  std::uint64_t ended = 0;        ///< of those, attempts that have ended
  SessionEnd end = SessionEnd::none;
  std::string end_reason;          ///< lost: why, in a few words
  std::optional<Goodbye> goodbye;  ///< its own count
  ClockEstimate clock;

  /// Of the attempts whose turn has come, more may wait for a slot than there are slots.
  AttemptCounts attempts() const;
};

/// The records of a run. The i-th entry of a task column belongs to task i, the i-th of
/// a record column to the i-th accepted outcome. Instants are on the coordinator's clock.
struct RunRecords {
  RunSpec spec;

  // One entry a task.
  std::vector<std::uint32_t> dispatch;  ///< the Dispatch it was last in, or kNoDispatch
  /// The last attempt: that of its dispatch; when done, the accepted one. The number counts the
  /// attempts that began or may still begin, so it is not the one on the wire: see TaskTable.
  std::vector<Attempt> attempt;
  std::vector<std::uint8_t> state;  ///< TaskState, or done + Outcome: see state_of, outcome_of

  // One entry an accepted outcome, in order of acceptance.
  std::vector<TaskId> task;
  std::vector<Instant> started;
  std::vector<Duration> elapsed;
  /// Results that differ from the task's cost: (task, result). Empty unless a worker is wrong.
  std::vector<std::pair<TaskId, Duration>> result_mismatches;

  boost::unordered_flat_map<TaskId, TaskHistory> history;

  std::vector<AcceptedBatch> batches;
  std::vector<Dispatch> dispatches;
  std::vector<SessionRecord> sessions;

  std::vector<Instant> resumed;  ///< when later coordinators of the run started

  std::optional<Instant> first_dispatch;
  std::optional<Instant> last_accepted;
  std::optional<Instant> last_added;   ///< the last task of a streamed input
  std::size_t tasks_dispatched = 0;    ///< at least once, in this epoch
  std::uint64_t attempts_total = 0;    ///< attempts().begun(), kept because each commit has it
  std::uint64_t attempts_retried = 0;  ///< attempts that have ended, not the first of their task
  std::uint64_t attempts_adopted = 0;  ///< found with a worker when the run was resumed
  std::uint64_t stale = 0;  ///< outcomes dropped: the task was done, or not the session's
  std::uint64_t reports_repeated = 0;  ///< received again
  double retry_seconds = 0;  ///< how long attempts ran that failed and were repeated, in this epoch
  bool wait_timeout_passed = false;  ///< `wait` ended with something pending
  bool stop_requested = false;       ///< the user asked to stop before the end
  /// Why the input ended before its end: it could not be read, or was invalid. Empty: it did not.
  std::string input_error;

  explicit RunRecords(const RunSpec& run);

  TaskState state_of(TaskId t) const {
    const std::uint8_t s = state[index(t)];
    return s < kDone ? static_cast<TaskState>(s) : TaskState::done;
  }
  /// Requires state_of(t) == done.
  Outcome outcome_of(TaskId t) const { return static_cast<Outcome>(state[index(t)] - kDone); }
  /// Requires that the run is open.
  void add_tasks(std::uint32_t count, Instant at);
  void close(const std::string& error);
  void set_state(TaskId t, TaskState s) { state[index(t)] = static_cast<std::uint8_t>(s); }
  void set_done(TaskId t, Outcome o) {
    state[index(t)] = static_cast<std::uint8_t>(kDone + static_cast<std::uint8_t>(o));
  }

  /// A task was dispatched, or there is none.
  bool has_started() const {
    return first_dispatch.has_value() || (spec.task_count == 0 && !spec.is_open);
  }
  std::size_t accepted() const { return task.size(); }
  Instant finished(std::size_t record) const { return started[record] + elapsed[record]; }
  /// One past the last record of batch b.
  std::size_t batch_end(std::size_t b) const {
    return b + 1 < batches.size() ? batches[b + 1].first_record : accepted();
  }
  Duration measured() const;
  /// Of all sessions. O(sessions).
  AttemptCounts attempts() const;

  static constexpr std::uint8_t kDone = static_cast<std::uint8_t>(TaskState::done);
};

}  // namespace rollcall::coordinator
