#include "worker/core/session.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/check.h"
#include "common/limits.h"
#include "worker/core/columns.h"

namespace rollcall::worker {

Session::Session(Identity identity, Duration connect_timeout, std::optional<Duration> idle_timeout)
    : identity_(std::move(identity)),
      connect_timeout_(connect_timeout),
      idle_timeout_(idle_timeout) {}

void Session::step(Instant now, const Event& event, Actions& out) {
  if (phase_ == Phase::over) return;
  now_ = now;
  out_ = &out;
  compensate_own_stall();
  std::visit([this](const auto& e) { on(e); }, event);
  leave_if_done();
  watch_idleness();
  out_ = nullptr;
}

std::optional<Instant> Session::next_deadline() const {
  if (phase_ == Phase::waiting || phase_ == Phase::over) return std::nullopt;
  return deadlines_.first();
}

void Session::check_invariants() const {
  outbox_.check_invariants();
  CHECK(out_ == nullptr);
  CHECK(started_count_ >= running_);
  CHECK(!is_leaving_ || (running_ == 0 && backlog_.size() == 0));
  if (phase_ != Phase::working) {
    CHECK(deadlines_.heartbeat == kNever && deadlines_.resend == kNever);
    CHECK(deadlines_.report == kNever);
    return;
  }
  CHECK(!run_.empty() && deadlines_.hello == kNever);
}

// Events.

void Session::on(const Begun& event) {
  CHECK(phase_ == Phase::waiting && !event.secret.empty());
  secret_ = event.secret;
  session_ = session_of(secret_);
  rng_ = Rng(event.seed);
  deadlines_.silence = now_ + (was_welcomed_ ? terms_.silence_limit : connect_timeout_);
  start_handshake();
}

void Session::on(const Reconnected&) {
  if (phase_ != Phase::waiting) start_handshake();
}

void Session::on(const AttemptsEnded& event) {
  CHECK(event.outcomes.size() <= running_);
  running_ -= event.outcomes.size();
  ended_.count(now_, event.outcomes.size());
  append(outbox_.waiting(), event.outcomes);
  cut_reports(Outbox::Cut::full_only);
  start_waiting_attempts();
}

void Session::on(const TurnEnded&) {
  if (phase_ != Phase::working || is_leaving_ || may_wait_for_more()) return;
  cut_reports(Outbox::Cut::all);
  if (is_news_) send_heartbeat();
}

void Session::on(const DeadlineReached&) {
  if (phase_ == Phase::waiting) return;
  if (now_ >= deadlines_.leave) {
    exit(kExitDone, "terminated; the coordinator did not confirm the last reports");
  } else if (now_ >= deadlines_.silence) {
    exit(kExitNoCoordinator, was_welcomed_ ? "orphaned: the coordinator has fallen silent"
                                           : "never connected: no coordinator has answered");
  } else {
    if (now_ >= deadlines_.hello) say_hello();
    if (now_ >= deadlines_.heartbeat) send_heartbeat();
    if (now_ >= deadlines_.report) cut_reports(Outbox::Cut::all);
    if (now_ >= deadlines_.resend) resend_reports();
    if (now_ >= deadlines_.goodbye) send_goodbye();
    if (now_ >= deadlines_.idle) leave_when_done();
  }
}

// What they have in common.

/// A worker that was stopped or starved has not listened, and cannot say that nothing was said:
/// the coordinator gets another liveness time.
void Session::compensate_own_stall() {
  const std::optional<Instant> due = next_deadline();
  if (!due || *due == kNever || now_ - *due <= terms_.heartbeat_interval) return;
  deadlines_.silence = std::max(deadlines_.silence, now_ + terms_.liveness);
}

void Session::heard() {
  if (was_welcomed_) deadlines_.silence = now_ + terms_.silence_limit;
}

/// A new round: the answer to an older Hello is none to this one.
void Session::start_handshake() {
  phase_ = Phase::handshake;
  deadlines_.heartbeat = kNever;
  deadlines_.report = kNever;
  deadlines_.resend = kNever;
  deadlines_.goodbye = kNever;
  nonce_ = rng_.next();
  hello_retry_ = limits::hello_retry_first;
  say_hello();
}

void Session::say_hello() {
  const Hello hello{secret_,
                    nonce_,
                    identity_.host,
                    identity_.name,
                    identity_.pid,
                    identity_.slots,
                    identity_.processors,
                    identity_.launch_id,
                    identity_.command_slots};
  out_->push_back(Send{std::make_shared<const WorkerMessage>(
      WorkerMessage{{kProtocolVersion, {}, 0, session_}, hello})});
  const auto jitter = rng_.below(static_cast<std::uint64_t>(hello_retry_.count()) / 2);
  deadlines_.hello = now_ + hello_retry_ + Duration(static_cast<std::int64_t>(jitter));
  hello_retry_ = std::min(2 * hello_retry_, limits::hello_retry_longest);
}

void Session::send(WorkerBody body) {
  out_->push_back(
      Send{std::make_shared<const WorkerMessage>(WorkerMessage{header(), std::move(body)})});
}

TimeEcho Session::echo() const {
  if (echo_.worker_received == Instant{}) return {};
  return {echo_.coordinator_sent, echo_.worker_received, now_};
}

/// Outcomes go first: what was returned is to be known before its place is passed.
void Session::send_heartbeat() {
  cut_reports(Outbox::Cut::all);
  send(Heartbeat{echo(), assignments_received_, started_count_, is_draining_});
  is_news_ = false;
  deadlines_.heartbeat = now_ + terms_.heartbeat_interval;
}

/// The last reports go first, so that the Goodbye can count them.
void Session::send_goodbye() {
  cut_reports(Outbox::Cut::without_window);
  send(Goodbye{outbox_.reports_sent(), outbox_.outcomes_sent(), 0, 0});
  deadlines_.goodbye = now_ + terms_.heartbeat_interval;
}

void Session::cut_reports(Outbox::Cut how) {
  if (phase_ != Phase::working) return;
  if (how != Outbox::Cut::full_only) deadlines_.report = kNever;
  const std::uint64_t before = outbox_.reports_sent();
  outbox_.cut(how, {header(), assignments_received_, started_count_, is_draining_}, *out_);
  if (outbox_.reports_sent() == before) return;
  is_news_ = false;
  if (deadlines_.resend == kNever) deadlines_.resend = now_ + resend_after();
}

/// Under load, outcomes wait a little for others: a message costs more than the tasks that it
/// reports. They leave at once if the coordinator may be waiting for them: when slots may fall
/// idle, or when little is left to end. With limited slots every start is news, which waits as
/// well.
bool Session::may_wait_for_more() {
  const bool has_slots = terms_.slots > 0;
  const bool is_worth_it =
      ended_.busy() &&
      (has_slots ? terms_.kind.batches_with_slots && backlog_.size() >= terms_.slots
                 : running_ >= limits::busy_running && !is_news_);
  if (!is_worth_it || outbox_.waiting().size() == 0) return false;
  if (deadlines_.report == kNever) deadlines_.report = now_ + terms_.kind.report_wait;
  return now_ < deadlines_.report;
}

void Session::resend_reports() {
  outbox_.resend(header(), *out_);
  deadlines_.resend = outbox_.all_acknowledged() ? kNever : now_ + resend_after();
}

void Session::start_waiting_attempts() {
  if (is_draining_ || is_leaving_ || outbox_.full() || backlog_.size() == 0) return;
  const std::size_t most = terms_.slots + terms_.kind.started_ahead;
  const std::size_t room =
      terms_.slots == 0 ? std::numeric_limits<std::size_t>::max() : most - std::min(running_, most);
  const Backlog::Taken taken = backlog_.take(room, *out_);
  running_ += taken.attempts;
  started_count_ += taken.places;
  is_news_ = is_news_ || taken.places > 0;
  CHECK(taken.attempts == 0 || terms_.slots == 0 || running_ <= most);
}

void Session::drop_attempts() {
  if (running_ > 0) out_->push_back(DropAttempts{});
  running_ = 0;
}

void Session::forget_run() {
  drop_attempts();
  backlog_.clear();
  outbox_.clear();
  run_ = {};
  epoch_ = 0;
  is_draining_ = ends_by_itself_;
  is_news_ = false;
  started_count_ = 0;
  assignments_received_ = 0;
  cancelled_through_ = 0;
  revoked_ = {};
}

void Session::start_over() {
  const bool was_draining = is_draining_;
  forget_run();
  if (is_leaving_ || was_draining) {
    exit(kExitDone, "drained; it was given up before it had left");
    return;
  }
  log(Severity::warning, "the coordinator has given this session up: starting over as a new one");
  phase_ = Phase::waiting;
  echo_ = {};
  const Instant silence = deadlines_.silence;
  deadlines_ = {};
  deadlines_.silence = silence;
  out_->push_back(StartOver{});
}

void Session::exit(int status, std::string reason) {
  phase_ = Phase::over;
  deadlines_ = {};
  out_->push_back(Exit{status, std::move(reason)});
}

void Session::log(Severity severity, std::string text) {
  out_->push_back(Log{severity, std::move(text)});
}

}  // namespace rollcall::worker
