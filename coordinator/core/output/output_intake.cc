#include "coordinator/core/output/output_intake.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/base/check.h"

namespace rollcall::coordinator {
namespace {

/// Bytes of one stream, as the outcome reports them.
ReportedStream reported(std::uint64_t before, std::uint64_t tail) {
  return {before + tail, tail};
}

OutputWindow on_wire(const SessionWindow& window) {
  OutputWindow out;
  out.bytes = window.bytes;
  out.number = window.number;
  if (!window.only) return out;
  out.only_task = window.only->task;
  out.only_attempt = window.only->attempt;
  return out;
}

}  // namespace

void OutputIntake::add_session(bool is_live) {
  ledger_.add_session(is_live);
  windows_.add_session();
  has_feature_.push_back(false);
}

OutputWindow OutputIntake::joined(Instant now, SessionIndex session, bool takes_output) {
  if (!is_used_ || !takes_output) return {};
  has_feature_[index(session)] = true;
  windows_.session_joined(now, session);
  return window(now, session);
}

void OutputIntake::session_ended(SessionIndex session) {
  ledger_.session_ended(session);
  windows_.session_ended(session);
}

OutputWindow OutputIntake::window(Instant now, SessionIndex session) {
  if (!has_feature_[index(session)]) return {};
  return on_wire(windows_.renew(now, session, room_.bytes));
}

std::vector<bool> OutputIntake::receive(Instant now, SessionIndex session, const Output& output,
                                        const IsHeld& is_held) {
  if (!has_feature_[index(session)]) return std::vector<bool>(output.rows());
  std::vector<OutputRow> rows;
  rows.reserve(output.rows());
  for (std::size_t i = 0; i < output.rows(); ++i) {
    rows.push_back(
        {output.task[i], output.attempt[i], output.stream[i], output.offset[i], output.size[i]});
  }
  ReceivedOutput received = ledger_.receive(session, rows, [&](TaskId task, Attempt attempt) {
    return is_held({session, task, attempt});
  });
  windows_.arrived(now, session, received.cost);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (received.is_taken[i]) kept_.insert({session, rows[i].task, rows[i].attempt});
  }
  return std::move(received.is_taken);
}

void OutputIntake::written(const SessionAttempt& attempt, OutputStream stream,
                           std::uint64_t bytes) {
  ledger_.made_durable(attempt.session, attempt.task, attempt.attempt, stream, bytes);
}

void OutputIntake::set_room(const OutputRoom& room) {
  room_ = room;
  windows_.prefer(early_, room.early_bytes);
}

std::optional<OutputIntake::Answer> OutputIntake::take_answer(Instant now) {
  if (!is_used_) return std::nullopt;
  if (const auto answers = ledger_.take_answers()) {
    Answer answer{answers->session, OutputAck{}, {}};
    OutputAck& ack = *answer.ack;
    for (const OutputAnswer& row : answers->rows) {
      ack.task.push_back(row.task);
      ack.attempt.push_back(row.attempt);
      ack.stream.push_back(row.stream);
      ack.taken.push_back(row.taken);
      ack.durable.push_back(row.durable);
    }
    ack.window = answer.window =
        on_wire(windows_.renew(now, answers->session, room_.bytes, answers->cost));
    return answer;
  }
  if (due_.empty()) {
    due_ = windows_.take_due(now, room_.bytes);
    std::ranges::reverse(due_);
  }
  if (due_.empty()) return std::nullopt;
  const SessionIndex session = due_.back();
  due_.pop_back();
  return Answer{session, std::nullopt, on_wire(windows_.window(session))};
}

std::optional<std::uint64_t> OutputIntake::resume(const SessionAttempt& attempt,
                                                  OutputStream stream, std::uint64_t durable) {
  std::uint64_t spooled = 0;
  if (const auto found = found_.find(attempt); found != found_.end()) {
    spooled = found->second[index(stream)];
  }
  if (!is_kept_ && durable != kNotWanted) spooled = durable;
  const auto from = ledger_.resume(attempt.session, attempt.task, attempt.attempt, stream,
                                   {.output_from = durable, .spooled = spooled, .printed = 0});
  if (from) kept_.insert(attempt);
  if (!from) kept_.erase(attempt);
  return from;
}

std::vector<SessionAttempt> OutputIntake::end_recovery() {
  found_.clear();
  return {kept_.begin(), kept_.end()};
}

bool OutputIntake::knows(SessionIndex session) const {
  return ledger_.knows(session) || (early_ && early_->session == session);
}

/// Most outcomes carry all of their output themselves.
bool OutputIntake::concerns(SessionIndex session, const OutcomeColumns& outcomes,
                            std::size_t i) const {
  if (knows(session) || outcomes.command.empty()) return knows(session);
  const CommandResult& result = outcomes.command[i];
  return result.out_before > 0 || result.err_before > 0;
}

OutputVerdict OutputIntake::verdict(SessionIndex session, const OutcomeColumns& outcomes,
                                    std::size_t i) const {
  const CommandResult& result = outcomes.command[i];
  if (result.out_before == kNotWanted || result.err_before == kNotWanted) {
    return OutputVerdict::not_wanted;
  }
  return ledger_.verdict(session, outcomes.task[i], outcomes.attempt[i],
                         reported(result.out_before, result.out.size()),
                         reported(result.err_before, result.err.size()));
}

std::string OutputIntake::contradiction(SessionIndex session,
                                        const OutcomeColumns& outcomes) const {
  for (std::size_t i = 0; i < outcomes.command.size(); ++i) {
    if (!concerns(session, outcomes, i)) continue;
    const OutputVerdict found = verdict(session, outcomes, i);
    if (found != OutputVerdict::contradiction && found != OutputVerdict::not_durable) continue;
    return fmt::format("task {} attempt {}: it has other output than was received",
                       index(outcomes.task[i]), outcomes.attempt[i]);
  }
  return {};
}

std::vector<std::uint32_t> OutputIntake::incomplete(SessionIndex session,
                                                    const OutcomeColumns& outcomes) const {
  std::vector<std::uint32_t> places;
  for (std::size_t i = 0; i < outcomes.command.size(); ++i) {
    if (concerns(session, outcomes, i) &&
        verdict(session, outcomes, i) == OutputVerdict::not_wanted) {
      places.push_back(static_cast<std::uint32_t>(i));
    }
  }
  return places;
}

void OutputIntake::forget(const SessionAttempt& attempt) {
  kept_.erase(attempt);
  ledger_.forget(attempt.session, attempt.task, attempt.attempt);
  if (early_ != attempt) return;
  early_.reset();
  windows_.prefer(std::nullopt, 0);
}

void OutputIntake::accepted(const SessionAttempt& attempt) {
  forget(attempt);
}

bool OutputIntake::drop(const SessionAttempt& attempt, bool still_runs) {
  const bool was_kept = kept_.contains(attempt);
  forget(attempt);
  if (still_runs) ledger_.discard(attempt.session, attempt.task, attempt.attempt);
  return was_kept;
}

std::vector<SessionAttempt> OutputIntake::kept(
    const std::function<bool(const SessionAttempt& attempt)>& is_lost) const {
  std::vector<SessionAttempt> attempts;
  std::ranges::copy_if(kept_, std::back_inserter(attempts), is_lost);
  return attempts;
}

void OutputIntake::print_early(const SessionAttempt& attempt) {
  CHECK(!early_);
  early_ = attempt;
  windows_.prefer(early_, room_.early_bytes);
}

std::optional<SessionAttempt> OutputIntake::largest() const {
  std::optional<SessionAttempt> largest;
  std::uint64_t most = 0;
  for (const SessionAttempt& attempt : kept_) {
    std::uint64_t bytes = 0;
    for (const OutputStream stream : {OutputStream::out, OutputStream::err}) {
      bytes += ledger_.taken(attempt.session, attempt.task, attempt.attempt, stream);
    }
    if (bytes <= most) continue;
    most = bytes;
    largest = attempt;
  }
  return largest;
}

}  // namespace rollcall::coordinator
