// What the workers of a simulated run really did, to compare the records with.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/model/ids.h"
#include "common/model/output_stream.h"
#include "common/model/task.h"
#include "common/model/time.h"
#include "coordinator/core/model/records.h"

namespace rollcall::sim {

/// Bytes of each output stream.
using StreamBytes = std::array<std::uint64_t, kOutputStreams.size()>;

/// Records every start and end of an attempt in virtual time, here called real. One thread.
class Truth {
 public:
  struct Run {
    Instant started;  ///< real
    Epoch epoch = 0;  ///< of the coordinator that assigned it
    bool ended = false;
    Outcome outcome = Outcome::succeeded;
    Duration elapsed{};  ///< on the worker's clock
  };

  /// A session starts each attempt at most once in an epoch. In a later epoch a failed one may
  /// start again, because failures that are retried are not committed.
  void started(const SessionId& session, Epoch epoch, TaskId task, Attempt attempt, Instant real);
  /// The command of the attempt, which may have waited for a slot, starts.
  void spawned(const SessionId& session, TaskId task, Attempt attempt, Instant real);
  void ended(const SessionId& session, const OutcomeColumns& outcomes);
  /// An attempt that has ended has written this to its pipes.
  void wrote(const SessionId& session, TaskId task, Attempt attempt, const StreamBytes& bytes);
  StreamBytes written(const SessionId& session, TaskId task, Attempt attempt) const;
  /// The epoch in which the session last started the attempt; 0: never.
  Epoch run_of(const SessionId& session, TaskId task, Attempt attempt) const;
  /// The session has started some attempt at the task.
  bool has_begun(const SessionId& session, TaskId task) const;
  /// The session has sent a new report with this number.
  void reported(const SessionId& session, std::uint64_t number, std::size_t outcomes);

  /// The largest number of starts of a task, without starts after a failure.
  std::uint32_t most_starts() const { return most_starts_; }
  /// How many attempts all sessions have started.
  std::uint64_t all_starts() const { return all_starts_; }
  /// Returns the first difference between the records and what the sessions really did, or an empty
  /// text.
  std::string compare(const coordinator::RunRecords& records) const;

 private:
  struct Key {
    SessionId session;
    TaskId task{};
    Attempt attempt = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  struct Reported {
    std::uint64_t reports = 0;
    std::uint64_t outcomes = 0;
  };

  std::string compare_record(const coordinator::RunRecords& records, std::size_t record,
                             const coordinator::AcceptedBatch& batch) const;

  std::string compare_run(const Run& really, const coordinator::RunRecords& records,
                          std::size_t record, const coordinator::AcceptedBatch& batch) const;

  std::unordered_map<Key, std::vector<Run>, Hash> runs_;
  std::unordered_map<Key, std::vector<Attempt>, Hash> begun_;  ///< by session and task
  std::unordered_map<Key, StreamBytes, Hash> written_;
  std::map<SessionId, Reported> reported_;
  std::unordered_map<std::uint64_t, std::uint32_t> starts_;    ///< by task
  std::unordered_map<std::uint64_t, std::uint32_t> failures_;  ///< by task
  std::uint32_t most_starts_ = 0;
  std::uint64_t all_starts_ = 0;
};

}  // namespace rollcall::sim
