#include "coordinator/core/commits/commit_log.h"

#include <limits>
#include <utility>

#include "common/base/check.h"

namespace rollcall::coordinator {

CommitLog::CommitLog(bool has_journal, const RunRecords& records, std::size_t published)
    : has_journal_(has_journal),
      records_handed_over_(records.accepted()),
      sessions_handed_over_(records.sessions.size()),
      mismatches_handed_over_(records.result_mismatches.size()),
      published_(published),
      printed_(std::numeric_limits<std::uint64_t>::max()),
      printed_handed_over_(published),
      printed_durable_(published),
      sessions_(records.sessions.size(), {/*is_known=*/true}) {
  for (std::size_t s = 0; s < sessions_.size(); ++s) sessions_[s].begun = records.sessions[s].begun;
  CHECK(published <= records.accepted());
}

void CommitLog::add_session(SessionIndex session) {
  CHECK(index(session) == sessions_.size());
  SessionState& state = sessions_.emplace_back();
  state.is_known = !has_journal_;
  session_changed(session);
}

void CommitLog::session_changed(SessionIndex session) {
  if (std::exchange(sessions_[index(session)].is_changed, true)) return;
  changed_.push_back(session);
}

void CommitLog::tasks_added(Instant now, std::uint32_t count) {
  if (!added_) added_.emplace();
  CHECK(!added_->is_last);
  added_->count += count;
  added_->at = now;
}

void CommitLog::input_ended(const std::string& error) {
  if (!added_) added_.emplace();
  CHECK(!added_->is_last);
  added_->is_last = true;
  added_->error = error;
}

std::uint64_t CommitLog::uncommitted_tasks() const {
  std::uint64_t count = added_ ? added_->count : 0;
  for (const Durable& commit : uncommitted_) {
    if (commit.tasks) count += commit.tasks->count;
  }
  return count;
}

void CommitLog::note_printed(std::uint64_t records, bool is_awaited) {
  printed_ = records;
  if (has_journal_ && is_awaited) is_noted_ |= printed() > printed_handed_over_;
}

void CommitLog::note_progress(const RunRecords& records) {
  if (!has_journal_) return;
  is_noted_ |= printed() > printed_handed_over_;
  for (std::uint32_t s = 0; s < sessions_.size(); ++s) {
    if (records.sessions[s].begun != sessions_[s].begun) session_changed(SessionIndex{s});
  }
}

bool CommitLog::has_changes(const RunRecords& records) const {
  return records_handed_over_ < records.accepted() || !changed_.empty() || !left_.empty() ||
         !tasks_.empty() || added_ || cancel_ || !cancelled_.empty() || is_noted_;
}

std::shared_ptr<Commit> CommitLog::hand_over(const RunRecords& records) {
  std::shared_ptr<Commit> commit;
  if (has_journal_) {
    commit = std::make_shared<Commit>();
    commit->tasks = added_;
    add_outcomes(records, records_handed_over_, *commit);
    const auto& mismatches = records.result_mismatches;
    commit->result_mismatches.assign(
        mismatches.begin() + static_cast<std::ptrdiff_t>(mismatches_handed_over_),
        mismatches.end());
    mismatches_handed_over_ = mismatches.size();
    for (const TaskId task : std::exchange(tasks_, {})) {
      commit->history.emplace_back(task, records.history.at(task));
    }
    printed_handed_over_ = std::max(printed_handed_over_, printed());
    commit->counters = committed_counters(records, printed_handed_over_);
  }
  Durable next;
  next.printed = printed_handed_over_;
  next.first_record = records_handed_over_;
  next.end_record = records_handed_over_ = records.accepted();
  next.left = std::exchange(left_, {});
  next.tasks = std::exchange(added_, {});
  next.cancel = std::exchange(cancel_, false);
  next.cancelled = std::exchange(cancelled_, {});
  is_noted_ = false;
  for (const SessionIndex session : changed_) {
    sessions_[index(session)].is_changed = false;
    sessions_[index(session)].begun = records.sessions[index(session)].begun;
    next.sessions.push_back({session, records.sessions[index(session)].last_report});
    if (!commit) continue;
    if (index(session) >= sessions_handed_over_) {
      CHECK(index(session) == sessions_handed_over_++);
      commit->sessions.push_back(committed_session(records, session));
    }
    commit->progress.push_back(committed_progress(records, session));
  }
  changed_.clear();
  uncommitted_.push_back(std::move(next));
  ++commits_;
  return commit;
}

Durable CommitLog::next_durable() {
  CHECK(!uncommitted_.empty());
  Durable durable = std::move(uncommitted_.front());
  uncommitted_.pop_front();
  for (const Durable::Session& s : durable.sessions) sessions_[index(s.session)].is_known = true;
  published_ = durable.end_record;
  printed_durable_ = durable.printed;
  return durable;
}

Durable CommitLog::take_unpublished() {
  CHECK(commits_ == 0);
  Durable durable;
  durable.first_record = std::exchange(published_, records_handed_over_);
  durable.end_record = published_;
  return durable;
}

void CommitLog::check_invariants(const RunRecords& records) const {
  CHECK(printed_durable_ <= printed_handed_over_ && printed_handed_over_ <= published_);
  CHECK(published_ <= records_handed_over_ && records_handed_over_ <= records.accepted());
  CHECK(uncommitted_.size() <= commits_);
  CHECK(sessions_handed_over_ <= sessions_.size() && sessions_.size() <= records.sessions.size());
  CHECK(changed_.size() <= sessions_.size());
  if (uncommitted_.empty()) CHECK(published_ == records_handed_over_);
}

}  // namespace rollcall::coordinator
