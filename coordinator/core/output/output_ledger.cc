#include "coordinator/core/output/output_ledger.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/limits.h"
#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {

void OutputLedger::add_session(bool is_live) {
  sessions_.emplace_back().is_live = is_live;
}

void OutputLedger::session_ended(SessionIndex session) {
  sessions_[index(session)].is_live = false;
}

ReceivedOutput OutputLedger::receive(SessionIndex session, std::span<const OutputRow> rows,
                                     const IsHeld& is_held) {
  ReceivedOutput received;
  received.is_taken.reserve(rows.size());
  for (const OutputRow& row : rows) {
    const bool is_taken = take(session, row, is_held);
    received.is_taken.push_back(is_taken);
    if (is_taken) received.cost += row.size + limits::output_row_cost;
    answer(session, {row.task, row.attempt}, row.stream);
  }
  return received;
}

/// Leaves an entry to be answered, whether or not the row is taken.
bool OutputLedger::take(SessionIndex session, const OutputRow& row, const IsHeld& is_held) {
  Session& sender = sessions_[index(session)];
  const Key key{row.task, row.attempt};
  const auto [found, is_new] = sender.entries.try_emplace(key);
  Entry& entry = found->second;
  if (is_new && !(sender.is_live && is_held(row.task, row.attempt))) {
    entry.is_discarded = true;
    entry.is_brief = true;
  }
  Stream& stream = entry.streams[index(row.stream)];
  const bool is_next = row.offset == stream.taken && row.size > 0 && row.size < kNotWanted / 2;
  if (!sender.is_live && is_next) entry.is_discarded = true;  // it can never be complete
  if (entry.is_discarded || !is_next) return false;
  stream.taken += row.size;
  stream.unanswered += row.size + limits::output_row_cost;
  if (taken_is_durable_) stream.durable = stream.taken;
  return true;
}

void OutputLedger::made_durable(SessionIndex session, TaskId task, Attempt attempt,
                                OutputStream stream, std::uint64_t bytes) {
  Session& sender = sessions_[index(session)];
  const auto found = sender.entries.find({task, attempt});
  if (found == sender.entries.end() || found->second.is_discarded) return;
  Stream& known = found->second.streams[index(stream)];
  CHECK(bytes <= known.taken);
  if (bytes <= known.durable) return;
  known.durable = bytes;
  answer(session, found->first, stream);
}

/// Its entry, which says that no byte of the attempt is wanted.
OutputLedger::Entry& OutputLedger::discarded(Session& session, const Key& key) {
  Entry& entry = session.entries[key];
  entry.is_discarded = true;
  entry.is_brief = false;
  return entry;
}

void OutputLedger::discard(SessionIndex session, TaskId task, Attempt attempt) {
  discarded(sessions_[index(session)], {task, attempt});
  answer_both(session, {task, attempt});
}

void OutputLedger::forget(SessionIndex session, TaskId task, Attempt attempt) {
  Session& sender = sessions_[index(session)];
  const auto found = sender.entries.find({task, attempt});
  if (found == sender.entries.end()) return;
  for (const Stream& stream : found->second.streams) sender.released += stream.unanswered;
  sender.entries.erase(found);
}

std::optional<std::uint64_t> OutputLedger::resume(SessionIndex session, TaskId task,
                                                  Attempt attempt, OutputStream stream,
                                                  const ResumedStream& resumed) {
  const Key key{task, attempt};
  Entry& entry = sessions_[index(session)].entries[key];
  Stream& known = entry.streams[index(stream)];
  const bool is_new = known.taken == 0 && !entry.is_discarded;
  if (is_new && std::max(resumed.spooled, resumed.printed) < resumed.output_from) {
    discard(session, task, attempt);
  } else if (is_new) {
    known.taken = std::max(resumed.output_from, resumed.printed);
    known.durable = known.taken;
  }
  answer(session, key, stream);
  return entry.is_discarded ? std::nullopt : std::optional(known.taken);
}

OutputVerdict OutputLedger::verdict(SessionIndex session, TaskId task, Attempt attempt,
                                    const ReportedStream& out, const ReportedStream& err) const {
  const Session& sender = sessions_[index(session)];
  const auto found = sender.entries.find({task, attempt});
  const Entry entry = found == sender.entries.end() ? Entry{} : found->second;
  if (entry.is_discarded) return OutputVerdict::not_wanted;
  bool is_durable = true;
  for (const OutputStream stream : {OutputStream::out, OutputStream::err}) {
    const ReportedStream& reported = stream == OutputStream::out ? out : err;
    const Stream& known = entry.streams[index(stream)];
    if (reported.bytes < reported.tail) return OutputVerdict::contradiction;
    if (reported.bytes - reported.tail != known.taken) {
      return sender.is_live ? OutputVerdict::contradiction : OutputVerdict::not_wanted;
    }
    is_durable &= known.durable == known.taken;
  }
  return is_durable ? OutputVerdict::complete : OutputVerdict::not_durable;
}

std::uint64_t OutputLedger::taken(SessionIndex session, TaskId task, Attempt attempt,
                                  OutputStream stream) const {
  const Session& sender = sessions_[index(session)];
  const auto found = sender.entries.find({task, attempt});
  return found == sender.entries.end() ? 0 : found->second.streams[index(stream)].taken;
}

std::size_t OutputLedger::size() const {
  std::size_t count = 0;
  for (const Session& session : sessions_) count += session.entries.size();
  return count;
}

/// Makes the stream of an entry due.
void OutputLedger::answer(SessionIndex session, const Key& key, OutputStream stream) {
  Session& receiver = sessions_[index(session)];
  Stream& known = receiver.entries.find(key)->second.streams[index(stream)];
  if (std::exchange(known.is_due, true)) return;
  receiver.due.push_back({key, stream});
  if (!std::exchange(receiver.is_due, true)) due_.push_back(session);
}

void OutputLedger::answer_both(SessionIndex session, const Key& key) {
  answer(session, key, OutputStream::out);
  answer(session, key, OutputStream::err);
}

std::optional<OutputAnswers> OutputLedger::take_answers() {
  while (!due_.empty()) {
    OutputAnswers answers{.session = due_.front(), .rows = {}, .cost = 0};
    due_.pop_front();
    Session& session = sessions_[index(answers.session)];
    while (!session.due.empty() && answers.rows.size() < limits::output_rows) {
      answer_next(session, answers);
    }
    session.is_due = !session.due.empty();
    if (session.is_due) due_.push_back(answers.session);
    if (answers.rows.empty()) continue;
    answers.cost += std::exchange(session.released, 0);
    return answers;
  }
  return std::nullopt;
}

void OutputLedger::answer_next(Session& session, OutputAnswers& answers) {
  const Due due = session.due.front();
  session.due.pop_front();
  const auto found = session.entries.find(due.key);
  if (found == session.entries.end()) return;
  Entry& entry = found->second;
  Stream& stream = entry.streams[index(due.stream)];
  if (!std::exchange(stream.is_due, false)) return;
  answers.cost += std::exchange(stream.unanswered, 0);
  const std::uint64_t durable = entry.is_discarded ? kNotWanted : stream.durable;
  answers.rows.push_back({due.key.first, due.key.second, due.stream, stream.taken, durable});
  const bool is_due = entry.streams[0].is_due || entry.streams[1].is_due;
  if (entry.is_brief && !is_due) session.entries.erase(found);
}

void OutputLedger::check_invariants() const {
  std::size_t due_sessions = 0;
  for (const Session& session : sessions_) {
    std::size_t due = 0;
    for (const auto& [key, entry] : session.entries) {
      bool is_due = false;
      for (const Stream& stream : entry.streams) {
        CHECK(stream.durable <= stream.taken);
        CHECK(!taken_is_durable_ || stream.durable == stream.taken);
        CHECK(stream.unanswered == 0 || stream.is_due);
        due += stream.is_due ? 1 : 0;
        is_due |= stream.is_due;
      }
      CHECK(!entry.is_brief || (entry.is_discarded && is_due));
    }
    CHECK(due <= session.due.size());
    CHECK(session.is_due == !session.due.empty());
    due_sessions += session.is_due ? 1 : 0;
  }
  CHECK(due_sessions == due_.size());
}

}  // namespace rollcall::coordinator
