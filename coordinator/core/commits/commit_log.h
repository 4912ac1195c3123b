// Which changes of a run have been handed over to be committed, and which of them are durable.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/core/commits/commit.h"
#include "coordinator/core/model/records.h"

namespace rollcall::coordinator {

/// A session that has ended. `returned`: tasks that are pending again because of it.
struct SessionLeft {
  SessionIndex session{};
  std::uint64_t returned = 0;
};

/// What one commit has made durable, and may be published now (rule 5).
struct Durable {
  struct Session {
    SessionIndex session{};
    std::uint64_t last_report = 0;  ///< the report, and all before it
  };
  std::size_t first_record = 0;  ///< records [first_record, end_record)
  std::size_t end_record = 0;
  std::vector<Session> sessions;
  std::vector<SessionLeft> left;
  std::optional<CommittedTasks> tasks;  ///< that were added
  bool cancel = false;                  ///< the reason why running attempts are cancelled
  std::vector<TaskId> cancelled;        ///< tasks whose running attempts are to be cancelled
  std::size_t printed = 0;              ///< records, as the commit states
};

/// Gathers the changes of a turn into a commit, and queues their publication until that is durable.
/// Without a journal a commit is durable at once: the queue is the same. Reads the records when it
/// makes a commit, and does not own them. Pure; one owner, one thread.
class CommitLog {
 public:
  /// `records` were committed before; their first `published` outcomes were printed.
  CommitLog(bool has_journal, const RunRecords& records, std::size_t published);

  /// A new session, with the next index. It is part of the next commit.
  void add_session(SessionIndex session);
  /// A resumed coordinator would know the session, so it may be given work.
  bool knows(SessionIndex session) const { return sessions_[index(session)].is_known; }

  // Changes since the last commit, beside outcomes.
  void session_changed(SessionIndex session);
  void session_left(SessionLeft left) { left_.push_back(left); }
  /// The history of the task: see RunRecords::history.
  void task_changed(TaskId task) {
    if (has_journal_) tasks_.push_back(task);
  }
  void cancel_requested() { cancel_ = true; }
  /// The user has cancelled the task, which a session holds.
  void task_cancelled(TaskId task) { cancelled_.push_back(task); }
  void tasks_added(Instant now, std::uint32_t count);
  /// `error`: see InputEnded.
  void input_ended(const std::string& error);
  /// Tasks that were added and are not durable.
  std::uint64_t uncommitted_tasks() const;
  /// Forgets what was added since the last commit.
  void drop_tasks() { added_.reset(); }
  /// So many of the first records were printed, of those that were published. `is_awaited`: a
  /// commit is to state it now, because their output remains until then.
  void note_printed(std::uint64_t records, bool is_awaited);
  /// What was printed and which attempts have begun since the last commit are changes, too: a
  /// resumed coordinator publishes the rest, and counts attempts that were lost with the last one.
  /// Not called for each of them, since most are followed by another commit.
  void note_progress(const RunRecords& records);

  /// Whether there is anything to commit.
  bool has_changes(const RunRecords& records) const;
  /// Makes a commit of all changes; null without a journal. Its number is handed_over().
  std::shared_ptr<Commit> hand_over(const RunRecords& records);
  std::uint64_t handed_over() const { return commits_; }

  /// Commit `commit` was handed over and not taken out with next_durable().
  bool awaits(std::uint64_t commit) const { return commits_ - uncommitted_.size() < commit; }
  /// Takes out the oldest commit, which is durable now. Requires awaits(handed_over()).
  Durable next_durable();
  /// A durable commit states that all accepted outcomes are printed.
  bool is_all_printed(const RunRecords& records) const {
    return printed_durable_ == records.accepted();
  }
  /// Records that are durable and not published when a run is resumed: [first, end). They count as
  /// published from now on.
  Durable take_unpublished();

  /// Outcomes that are accepted and not published.
  std::size_t unpublished(const RunRecords& records) const {
    return records.accepted() - published_;
  }
  bool is_all_durable(const RunRecords& records) const {
    return uncommitted_.empty() && records_handed_over_ == records.accepted();
  }

  void check_invariants(const RunRecords& records) const;

 private:
  struct SessionState {
    bool is_known = false;
    bool is_changed = false;  ///< since the last commit
    std::uint64_t begun = 0;  ///< as the last commit states
  };

  std::size_t printed() const { return std::min<std::uint64_t>(published_, printed_); }

  bool has_journal_;
  std::size_t records_handed_over_;
  std::size_t sessions_handed_over_;
  std::size_t mismatches_handed_over_;
  std::size_t published_;
  std::uint64_t printed_;            ///< see note_printed(); maybe more than published_
  std::size_t printed_handed_over_;  ///< as the last commit states
  std::size_t printed_durable_;      ///< as the last durable one states
  bool is_noted_ = false;            ///< more was printed, see note_progress()
  std::uint64_t commits_ = 0;        ///< handed over
  std::deque<Durable> uncommitted_;  ///< commits that are not durable, the oldest first
  std::vector<SessionState> sessions_;
  std::vector<SessionIndex> changed_;    ///< since the last commit, each once
  std::vector<SessionLeft> left_;        ///< since the last commit
  std::vector<TaskId> tasks_;            ///< whose history has changed since the last commit
  std::optional<CommittedTasks> added_;  ///< since the last commit
  bool cancel_ = false;                  ///< since the last commit
  std::vector<TaskId> cancelled_;        ///< since the last commit
};

}  // namespace rollcall::coordinator
