// What a session does with each message of the coordinator.
#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "worker/core/columns.h"
#include "worker/core/session.h"

namespace rollcall::worker {
namespace {

using namespace std::chrono_literals;

/// A Welcome that asks for more heartbeats than this gets this many.
constexpr Duration kShortestInterval = 1ms;

}  // namespace

void Session::on(const MessageReceived& event) {
  if (phase_ == Phase::waiting) {
    ++dropped_.not_handshaking;
    return;
  }
  if (!is_for_us(event.message)) return;
  heard();
  if (phase_ == Phase::handshake) {
    if (const auto* welcome = std::get_if<Welcome>(&event.message.body)) {
      join(event.message.header, *welcome);
    }
  }
  std::visit([this](const auto& body) { take(body); }, event.message.body);
}

/// Counts what is not.
bool Session::is_for_us(const CoordinatorMessage& message) {
  const Header& from = message.header;
  const bool is_same_life = from.run == run_ && from.epoch == epoch_;
  const auto* welcome = std::get_if<Welcome>(&message.body);
  bool is_ours = from.session == session_;
  if (const auto* reject = std::get_if<Reject>(&message.body)) {
    // To be given up is to be named; what is said of another life of the coordinator is stale.
    const bool is_lost = reject->reason == RejectReason::session_lost;
    if (from.session.empty()) is_ours = !is_lost;
    if (is_lost && phase_ == Phase::working && !from.run.empty()) is_ours &= is_same_life;
  } else if (phase_ == Phase::working) {
    is_ours &= is_same_life;
  } else if (welcome != nullptr && from.run == run_ && from.epoch < epoch_) {
    is_ours = false;  // rule 2: an older life of the coordinator has no say any more
  } else if (welcome == nullptr) {
    ++dropped_.not_handshaking;
    return false;
  }
  if (!is_ours) {
    ++dropped_.unassigned;
  } else if (welcome != nullptr && welcome->nonce != nonce_) {
    ++dropped_.old_welcome;
    return false;
  }
  return is_ours;
}

/// The step from handshake to working.
void Session::join(const Header& header, const Welcome& terms) {
  if (!run_.empty() && run_ != header.run) {
    log(Severity::warning, "another run is under way: dropping what was held for the last one");
    forget_run();
  }
  if (epoch_ != header.epoch) {  // the next coordinator gives these numbers to other assignments
    cancelled_through_ = 0;
    revoked_ = {};
  }
  run_ = header.run;
  epoch_ = header.epoch;
  terms_.slots = terms.slots;
  terms_.is_exec = terms.kind == KindId::exec;
  terms_.heartbeat_interval = std::max(terms.heartbeat_interval, kShortestInterval);
  terms_.liveness = std::max(terms.liveness, terms_.heartbeat_interval);
  terms_.silence_limit = std::max(terms_.liveness, terms.orphan_for);
  log(Severity::info, "joined run " + to_hex(run_.bytes) + " as session " + to_hex(session_.bytes));
  if (terms_.is_exec) prepare_commands(terms);
  was_welcomed_ = true;
  phase_ = Phase::working;
  deadlines_.hello = kNever;
  heard();
}

void Session::prepare_commands(const Welcome& terms) {
  if (terms_.slots < identity_.slots) {
    log(Severity::warning, "runs " + std::to_string(terms_.slots) +
                               (terms_.slots == 1 ? " command" : " commands") +
                               " at once and not " + std::to_string(identity_.slots) +
                               ": the limit of open files is low");
  }
  out_->push_back(PrepareCommands{terms_.slots, terms.max_output, terms.kill_after});
}

/// Also answered when it comes again: the Inventory may have been lost.
void Session::take(const Welcome& welcome) {
  echo_ = {welcome.sent, now_, {}};
  outbox_.acknowledge(welcome.reports_committed);
  if (welcome.list_held) {
    out_->push_back(ListRunning{});
    return;
  }
  send(inventory());
  go_on();
}

Inventory Session::inventory() const {
  Inventory inventory;
  inventory.echo = echo();
  inventory.nonce = nonce_;
  inventory.assignments_received = assignments_received_;
  inventory.reports_sent = outbox_.reports_sent();
  inventory.draining = is_draining_;
  return inventory;
}

/// The coordinator is another one than before and knows only what was kept. What was returned
/// and passed already has had its turn, like what has begun.
void Session::on(const RunningListed& event) {
  if (phase_ != Phase::working) return;
  HeldColumns held;
  HeldColumns waiting;
  Backlog::AttemptSet returned;
  outbox_.list(returned, held);
  append(held, event.running);
  backlog_.list(returned, waiting);
  for (const auto& [task, attempt] : returned) {
    held.task.push_back(task);
    held.attempt.push_back(attempt);
  }
  const std::size_t begun = held.size();
  append(held, waiting);
  ++inventories_;
  for (std::size_t first = 0, part = 0; first < held.size() || part == 0; ++part) {
    const std::size_t count = std::min(held.size() - first, limits::inventory_attempts);
    Inventory listed = inventory();
    listed.started_count = started_count_;
    listed.begun = begun;
    listed.list = inventories_;
    listed.part = static_cast<std::uint32_t>(part);
    listed.held = {slice(held.task, first, count), slice(held.attempt, first, count)};
    first += count;
    listed.is_last_part = first == held.size();
    send(std::move(listed));
  }
  go_on();
}

/// After the Inventory.
void Session::go_on() {
  resend_reports();
  if (is_leaving_) {
    send_goodbye();
    return;
  }
  deadlines_.heartbeat = now_ + terms_.heartbeat_interval;
  start_waiting_attempts();
}

void Session::take(const Assignment& assignment) {
  if (is_leaving_) return;
  // Said again even when it is no news: the coordinator sends again what it does not know got here.
  is_news_ = true;
  if (assignment.number != assignments_received_ + 1) {
    ++dropped_.out_of_order;
    return;
  }
  ++assignments_received_;
  backlog_.push(assignment.number, assignment.attempts);
  started_count_ += backlog_.cancel(now_, cancelled_through_, outbox_.waiting());
  if (is_draining_) return_waiting(assignments_received_, 0);
  if (assignment.number <= revoked_.assignments_through) {
    return_waiting(revoked_.assignments_through, revoked_.keep);
  }
  start_waiting_attempts();
}

void Session::take(const Ack& ack) {
  if (ack.reports_committed > outbox_.reports_sent()) {
    ++dropped_.unknown_report;
    return;
  }
  echo_ = {ack.sent, now_, {}};
  if (!outbox_.acknowledge(ack.reports_committed)) return;
  deadlines_.resend = outbox_.all_acknowledged() ? kNever : now_ + resend_after();
  start_waiting_attempts();
}

void Session::take(const Cancel& cancel) {
  if (is_leaving_ || cancel.assignments_through <= cancelled_through_) return;
  cancelled_through_ = cancel.assignments_through;
  const std::size_t count = backlog_.cancel(now_, cancelled_through_, outbox_.waiting());
  started_count_ += count;
  is_news_ = is_news_ || count > 0;
  if (running_ > 0) out_->push_back(CancelAttempts{cancelled_through_});
}

void Session::take(const Drain& drain) {
  if (drain.mode == DrainMode::return_running) {
    leave_at_once();
  } else {
    leave_when_done();
  }
}

/// Answered even when there is nothing to return: then the start of what was meant is the news.
void Session::take(const Revoke& revoke) {
  if (is_leaving_) return;
  is_news_ = true;
  if (revoke.assignments_through > revoked_.assignments_through) revoked_ = revoke;
  if (revoke.assignments_through == revoked_.assignments_through) {
    revoked_.keep = std::min(revoked_.keep, revoke.keep);
  }
  return_waiting(revoke.assignments_through, revoke.keep);
}

void Session::take(const Reject& reject) {
  switch (reject.reason) {
    case RejectReason::say_hello:
    case RejectReason::wrong_epoch:
      // While handshake, this answers what was sent before the Hello: that is already being put
      // right, and a fresh nonce would make the Welcome under way worthless.
      if (phase_ == Phase::working) start_handshake();
      return;
    case RejectReason::session_lost:
      start_over();
      return;
    case RejectReason::protocol_version:
      exit(kExitNoCoordinator,
           "rejected: the coordinator speaks another protocol version: " + reject.text);
      return;
    case RejectReason::bad_message:
      log(Severity::warning, "the coordinator has rejected a message: " + reject.text);
      return;
    case RejectReason::refused:
      exit(kExitNoCoordinator, "rejected: " + reject.text);
      return;
  }
}

void Session::take(const Shutdown&) {
  drop_attempts();
  backlog_.clear();
  send(Goodbye{outbox_.reports_sent(), outbox_.outcomes_sent(), 0, 0});
  exit(kExitDone, "the run is over");
}

}  // namespace rollcall::worker
