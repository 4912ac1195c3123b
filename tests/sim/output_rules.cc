#include "tests/sim/output_rules.h"

#include <algorithm>

#include "coordinator/core/model/limits.h"

namespace rollcall::sim {
namespace {

using coordinator::RunRecords;
using coordinator::TaskState;

std::string output_of(const Spool::Holder& holder) {
  return "output of task " + std::to_string(index(holder.task)) + " attempt " +
         std::to_string(holder.attempt);
}

bool is_held(const RunRecords& records, const Spool::Holder& holder) {
  const std::size_t t = index(holder.task);
  const auto history = records.history.find(holder.task);
  const int unstarted = history == records.history.end() ? 0 : history->second.unstarted;
  return records.state_of(holder.task) == TaskState::assigned &&
         records.attempt[t] + unstarted == holder.attempt &&
         records.dispatches[records.dispatch[t]].session == holder.session;
}

const WorkerMessage* message_in(const coordinator::Event& event) {
  const auto* received = std::get_if<coordinator::MessageReceived>(&event);
  return received == nullptr ? nullptr : &received->message;
}

}  // namespace

void OutputRules::before(const coordinator::Scheduler& scheduler, const coordinator::Event& event) {
  if (!is_used()) return;
  accepted_before_ = scheduler.records().accepted();
  if (const auto* turn = std::get_if<coordinator::TurnEnded>(&event)) {
    was_room_stuck_ = turn->output_room.is_stuck;
  }
  const WorkerMessage* message = message_in(event);
  if (message == nullptr) return;
  if (const auto* heartbeat = std::get_if<Heartbeat>(&message->body)) {
    received(message->header.session, heartbeat->window_received);
  } else if (const auto* report = std::get_if<Report>(&message->body)) {
    received(message->header.session, report->window_received);
  }
}

void OutputRules::after(const coordinator::Scheduler& scheduler, const coordinator::Event& event,
                        const coordinator::Actions& actions) {
  if (!is_used()) return;
  const RunRecords& records = scheduler.records();
  const WorkerMessage* message = message_in(event);
  if (message != nullptr && std::holds_alternative<Report>(message->body)) {
    judge(records, message->header.session, std::get<Report>(message->body).outcomes);
  }
  for (const coordinator::Action& action : actions) perform(records, event, action);
  if (const auto* committed = std::get_if<coordinator::Committed>(&event)) {
    while (!commits_.empty() && commits_.front().first <= committed->commit) {
      spool_.committed(records, commits_.front().second);
      commits_.pop_front();
    }
  }
  advance(records);
  const auto* turn = std::get_if<coordinator::TurnEnded>(&event);
  if (turn != nullptr) check_windows(scheduler, turn->output_room);
}

void OutputRules::perform(const RunRecords& records, const coordinator::Event& event,
                          const coordinator::Action& action) {
  if (const auto* taken = std::get_if<coordinator::TakeOutput>(&action)) {
    const WorkerMessage* message = message_in(event);
    require(message != nullptr, "output was taken that was not received");
    take(records, std::get<Output>(message->body), *taken);
  } else if (const auto* dropped = std::get_if<coordinator::DropOutput>(&action)) {
    drop(*dropped);
  } else if (const auto* early = std::get_if<coordinator::PrintEarly>(&action)) {
    print_early(*early);
  } else if (std::holds_alternative<coordinator::OutputStuck>(action)) {
    stuck(event);
  } else if (const auto* send = std::get_if<coordinator::Send>(&action)) {
    told(records, send->message);
  } else if (const auto* published = std::get_if<coordinator::PublishOutcomes>(&action)) {
    if (world_.plan.policy.journal) spool_.publish(records, published->first, published->count);
  } else if (const auto* cut_now = std::get_if<coordinator::CutOutput>(&action)) {
    cut(records, *cut_now);
  } else if (const auto* keep_now = std::get_if<coordinator::KeepOutput>(&action)) {
    keep(records, keep_now->attempts);
  } else if (std::holds_alternative<coordinator::FinishRun>(action)) {
    is_finishing_ = true;
  } else if (const auto* end = std::get_if<coordinator::End>(&action)) {
    if (!end->workers_stay) spool_.check_end();
  }
}

// Outcomes.

/// Which outcomes of the report have become records.
void OutputRules::judge(const RunRecords& records, const SessionId& session,
                        const OutcomeColumns& outcomes) {
  for (std::size_t r = accepted_before_; r < records.accepted(); ++r) {
    std::size_t b = records.batches.size();
    while (records.batches[--b].first_record > r) {
    }
    const auto by = records.batches[b].session;
    if (!by || records.sessions[index(*by)].id != session) continue;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (outcomes.task[i] != records.task[r] || outcomes.elapsed[i] != records.elapsed[r] ||
          outcomes.outcome[i] != records.outcome_of(records.task[r])) {
        continue;
      }
      const CommandResult none;
      accepted({*by, outcomes.task[i], outcomes.attempt[i]}, session, r,
               outcomes.command.empty() ? none : outcomes.command[i]);
      break;
    }
  }
}

void OutputRules::accepted(const Spool::Holder& holder, const SessionId& session,
                           std::size_t record, const CommandResult& result) {
  require(!dropped_.contains(holder),
          "the attempt was accepted whose " + output_of(holder) + " was dropped");
  const StreamBytes kept = spool_.bytes(holder);
  const StreamBytes written = world_.truth.written(session, holder.task, holder.attempt);
  const StreamBytes tail{result.out.size(), result.err.size()};
  const StreamBytes lost{result.out_dropped, result.err_dropped};
  for (const OutputStream stream : kOutputStreams) {
    const std::size_t s = index(stream);
    require(kept[s] + tail[s] + lost[s] == written[s],
            "an outcome was accepted, and bytes are missing of the " + output_of(holder) + ": " +
                std::to_string(kept[s]) + " were kept, " + std::to_string(tail[s]) +
                " are in the tail, and " + std::to_string(written[s]) + " were written");
  }
  spool_.ended(holder, record, world_.truth.run_of(session, holder.task, holder.attempt));
}

// Bytes.

void OutputRules::take(const RunRecords& records, const Output& output,
                       const coordinator::TakeOutput& taken) {
  require(taken.is_taken.size() == output.rows(), "not every row was taken or not");
  for (std::size_t i = 0; i < output.rows(); ++i) {
    if (!taken.is_taken[i]) continue;
    const Spool::Holder holder{taken.session, output.task[i], output.attempt[i]};
    require(!dropped_.contains(holder), output_of(holder) + " was taken after it was dropped");
    require(spool_.keeps(holder) || is_held(records, holder),
            output_of(holder) + " was taken from a session that does not hold it");
    const SessionId& session = records.sessions[index(holder.session)].id;
    spool_.take(holder, output.stream[i], output.offset[i], output.size[i],
                world_.truth.run_of(session, holder.task, holder.attempt));
  }
}

void OutputRules::drop(const coordinator::DropOutput& dropped) {
  require(!spool_.is_seen(dropped.attempt) || is_stuck_,
          output_of(dropped.attempt) + " was dropped and had been printed early");
  spool_.drop(dropped.attempt);
  dropped_.insert(dropped.attempt);
}

void OutputRules::print_early(const coordinator::PrintEarly& early) {
  require(was_room_stuck_, "output is printed early and need not be");
  require(world_.plan.policy.prints_early && world_.plan.policy.retries == 0,
          "output is printed early and must not be");
  require(!dropped_.contains(early.attempt), "dropped output is printed early");
  require(!world_.plan.policy.journal || !spool_.will_make_room(first_unended_),
          "output is printed early before that of tasks that have ended");
  spool_.print_early(early.attempt);
}

void OutputRules::stuck(const coordinator::Event& event) {
  const bool is_full = std::holds_alternative<coordinator::TurnEnded>(event) && was_room_stuck_;
  require(is_full || spool_.early(), "the output is not stuck");
  is_stuck_ = was_stuck_ = true;
  if (world_.plan.policy.journal) spool_.grow();
}

/// In order, the output of a task is printed once all tasks before it have ended.
void OutputRules::advance(const RunRecords& records) {
  while (first_unended_ < records.spec.task_count &&
         records.state_of(task_at(first_unended_)) == TaskState::done) {
    ++first_unended_;
  }
  if (!world_.plan.policy.journal) spool_.all_ended_before(first_unended_);
}

// A journal.

void OutputRules::note_commit(const coordinator::WriteCommit& commit) {
  if (!is_used()) return;
  commits_.emplace_back(commit.number, commit.commit->counters.published);
}

void OutputRules::crash() {
  if (is_used()) spool_.crash();
}

void OutputRules::reopen(const RunRecords& records, std::uint64_t printed, Epoch epoch) {
  if (!is_used()) return;
  spool_.reopen(records, printed, epoch);
  is_stuck_ = was_room_stuck_ = is_finishing_ = false;
  dropped_.clear();
  windows_.clear();
  commits_.clear();
  first_unended_ = 0;
}

void OutputRules::cut(const RunRecords& records, const coordinator::CutOutput& cut) {
  require(is_held(records, cut.attempt), output_of(cut.attempt) + " was cut and is not held");
  spool_.cut(cut);
}

void OutputRules::keep(const RunRecords& records, const std::vector<Spool::Holder>& attempts) {
  for (const Spool::Holder& holder : attempts) {
    require(is_held(records, holder), output_of(holder) + " goes on and is not held");
  }
  spool_.keep(attempts);
}

/// What is durable must outlive a crash, because its worker forgets it.
void OutputRules::answered(const RunRecords& records, const SessionId& session,
                           const OutputAck& ack) const {
  const auto found = std::ranges::find(records.sessions, session, &coordinator::SessionRecord::id);
  require(found != records.sessions.end(), "an unknown session was answered");
  const SessionIndex place{static_cast<std::uint32_t>(found - records.sessions.begin())};
  for (std::size_t i = 0; i < ack.rows(); ++i) {
    if (ack.durable[i] == kNotWanted) continue;
    const Spool::Holder holder{place, ack.task[i], ack.attempt[i]};
    const std::size_t s = index(ack.stream[i]);
    require(ack.taken[i] <= spool_.bytes(holder)[s],
            output_of(holder) + " counts as taken and is not");
    require(ack.durable[i] <= spool_.durable(holder)[s],
            output_of(holder) + " counts as durable and is not");
  }
}

// Windows.

void OutputRules::told(const RunRecords& records, const CoordinatorMessage& message) {
  const SessionId& session = message.header.session;
  if (const auto* welcome = std::get_if<Welcome>(&message.body)) {
    if (!welcome->features.test(kOutputInChunks)) return;
    if (!windows_.contains(session)) windows_[session].push_back({});
    note_window(session, welcome->window);
  } else if (const auto* ack = std::get_if<Ack>(&message.body)) {
    note_window(session, ack->window);
  } else if (const auto* taken = std::get_if<OutputAck>(&message.body)) {
    note_window(session, taken->window);
    answered(records, session, *taken);
  }
}

void OutputRules::note_window(const SessionId& session, const OutputWindow& window) {
  const auto found = windows_.find(session);
  if (found == windows_.end() || window.number <= found->second.back().number) return;
  found->second.push_back({window.number, window.bytes});
}

void OutputRules::received(const SessionId& session, std::uint64_t number) {
  const auto found = windows_.find(session);
  if (found == windows_.end()) return;
  std::deque<Sent>& sent = found->second;
  while (sent.size() > 1 && sent.front().number < number) sent.pop_front();
}

/// Checked where every message that is sent reaches its worker.
void OutputRules::check_windows(const coordinator::Scheduler& scheduler,
                                const coordinator::OutputRoom& room) const {
  if (world_.plan.profile > Profile::coordinator) return;
  if (is_finishing_ || scheduler.done() == scheduler.records().spec.task_count) return;
  std::uint64_t granted = 0;
  bool waits = false;
  for (const coordinator::Session& session : scheduler.sessions()) {
    const auto found = windows_.find(session.id);
    if (!session.live() || found == windows_.end()) continue;
    std::uint64_t most = 0;
    for (const Sent& sent : found->second) most = std::max(most, sent.bytes);
    granted += most;
    waits |= found->second.back().bytes == 0;
  }
  const std::uint64_t most = std::min(room.bytes, limits::output_in_flight - limits::output_window);
  require(!waits || most < granted + limits::output_window,
          "a session waits for a window for which there is room");
}

}  // namespace rollcall::sim
