#include "worker/core/session.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>
#include <variant>

#include "common/base/check.h"
#include "worker/core/columns.h"

namespace rollcall::worker {
namespace {

using namespace std::chrono_literals;

/// The shortest heartbeat interval, whatever a Welcome requests.
constexpr Duration kShortestInterval = 1ms;

}  // namespace

Session::Session(Identity identity, Duration connect_timeout, std::optional<Duration> idle_timeout)
    : identity_(std::move(identity)), connect_timeout_(connect_timeout), leaving_(idle_timeout) {}

void Session::step(Instant now, const Event& event, Actions& out) {
  if (is_over_) return;
  now_ = now;
  out_ = &out;
  compensate_own_stall();
  std::visit([this](const auto& e) { on(e); }, event);
  leave_if_done();
  const bool is_idle = is_working() && attempts_.running() == 0 && attempts_.waiting() == 0;
  leaving_.watch_idleness(now_, is_idle);
  out_ = nullptr;
}

std::optional<Instant> Session::next_deadline() const {
  if (is_over_ || !handshake_.has_session()) return std::nullopt;
  const Instant output = is_working() ? output_.due(resend_after()) : kNever;
  return std::min({handshake_.due(), leaving_.due(), output, deadlines_.heartbeat,
                   deadlines_.report, deadlines_.resend, deadlines_.silence});
}

void Session::check_invariants() const {
  handshake_.check_invariants();
  attempts_.check_invariants();
  output_.check_invariants();
  outbox_.check_invariants();
  leaving_.check_invariants();
  CHECK(out_ == nullptr);
  CHECK(!leaving_.is_leaving() || (attempts_.running() == 0 && attempts_.waiting() == 0));
  if (!is_working()) {
    CHECK(deadlines_.heartbeat == kNever && deadlines_.resend == kNever);
    CHECK(deadlines_.report == kNever);
  }
}

// Events.

void Session::on(const Begun& event) {
  handshake_.begin(event.secret, event.seed);
  if (!is_rejoining_) {
    deadlines_.silence = now_ + (was_welcomed_ ? terms_.silence_limit : connect_timeout_);
  }
  start_handshake();
}

void Session::on(const Reconnected&) {
  if (handshake_.has_session()) start_handshake();
}

void Session::on(const MessageReceived& event) {
  if (!accepts(event.message)) return;
  heard();
  if (!handshake_.has_joined()) {
    if (const auto* welcome = std::get_if<Welcome>(&event.message.body)) {
      join(event.message.header, *welcome);
    }
  }
  std::visit([this](const auto& body) { take(body); }, event.message.body);
}

void Session::on(const AttemptsEnded& event) {
  executor_failures_ = 0;
  attempts_.end(event.outcomes);
  output_.end(event.outcomes);
  ended_.count(now_, event.outcomes.size());
  append(outbox_.waiting(), event.outcomes);
  cut_reports(Outbox::Cut::full_only);
  start_attempts();
}

/// The coordinator charges the lost attempts to their tasks when the new session says Hello.
void Session::on(const ExecutorFailed& event) {
  if (++executor_failures_ >= limits::executor_failures) {
    exit(kExitNoCoordinator, event.reason);
  } else if (leaving_.is_draining() || leaving_.is_leaving()) {
    log(Severity::warning, event.reason);
    drop_attempts();  // the Goodbye returns them
  } else {
    cut_reports(Outbox::Cut::all);
    start_over(event.reason + ": running attempts are lost");
  }
}

void Session::on(const TurnEnded&) {
  if (!is_working() || leaving_.is_leaving() || may_wait_for_more()) return;
  cut_reports(Outbox::Cut::all);
  if (attempts_.has_news()) send_heartbeat();
}

void Session::on(const DeadlineReached&) {
  if (!handshake_.has_session()) return;
  if (leaving_.has_given_up(now_)) {
    exit(kExitDone, "terminated; the coordinator did not confirm the last reports");
  } else if (now_ >= deadlines_.silence) {
    end_silence();
  } else {
    if (now_ >= handshake_.due()) say_hello();
    if (now_ >= deadlines_.heartbeat) send_heartbeat();
    if (now_ >= deadlines_.report) cut_reports(Outbox::Cut::all);
    if (now_ >= deadlines_.resend) resend_reports();
    if (is_working()) output_.send_due(now_, resend_after(), handshake_.header(), *out_);
    send_output();
    if (leaving_.is_goodbye_due(now_)) send_goodbye();
    if (leaving_.has_idled_too_long(now_)) leave_when_done(false);
  }
}

void Session::on(const TerminateRequested& event) {
  if (event.mode == DrainMode::return_running) {
    leave_now();
  } else {
    leave_when_done(true);
  }
}

/// A new coordinator knows only the committed outcomes. An attempt that was returned or cancelled,
/// and whose place has been passed, is listed as begun.
void Session::on(const RunningListed& event) {
  if (!is_working()) return;
  HeldColumns held;
  HeldColumns waiting;
  AttemptSet returned;
  AttemptSet cancelled;
  outbox_.list(returned, cancelled, held);
  append(held, event.running);
  AttemptSet passed = returned;  // once those that wait for their turn are erased
  passed.insert(cancelled.begin(), cancelled.end());
  attempts_.list_waiting(passed, waiting);
  for (const auto& attempt : passed) cancelled.erase(attempt);
  if (!cancelled.empty()) held = without(held, cancelled);
  for (const auto& [task, attempt] : returned) {
    if (!passed.contains({task, attempt})) continue;
    held.task.push_back(task);
    held.attempt.push_back(attempt);
  }
  const std::size_t begun = held.size();
  append(held, waiting);
  send_list(held, begun);
  resume_work();
}

void Session::on(const OutputRead& event) {
  output_.read(now_, event.progress);
  send_output();
}

void Session::send_list(const HeldColumns& held, std::size_t begun) {
  ++inventories_;
  DurableOutput output;
  output_.list(output);
  outbox_.list_output(output);
  for (std::size_t first = 0, part = 0; first < held.size() || part == 0; ++part) {
    const std::size_t count = std::min(held.size() - first, limits::inventory_attempts);
    Inventory listed = inventory();
    listed.started_count = attempts_.started_count();
    listed.begun = begun;
    listed.list = inventories_;
    listed.part = static_cast<std::uint32_t>(part);
    listed.held = {slice(held.task, first, count), slice(held.attempt, first, count)};
    listed.output = list_output(output, listed.held);
    first += count;
    listed.is_last_part = first == held.size();
    send(std::move(listed));
  }
}

// Messages.

/// Also answered when it is repeated: the Inventory may have been lost.
void Session::take(const Welcome& welcome) {
  echo_ = {welcome.sent, now_, {}};
  outbox_.acknowledge(welcome.reports_committed);
  output_.set_window(welcome.window);
  if (welcome.list_held) {
    out_->push_back(ListRunning{});
    return;
  }
  send(inventory());
  resume_work();
}

void Session::take(const Assignment& assignment) {
  if (leaving_.is_leaving()) return;
  if (!attempts_.expects(assignment)) {
    ++dropped_.out_of_order;
    return;
  }
  if (!take_jobs(assignment)) return;
  attempts_.assign(now_, assignment, jobs_, outbox_.waiting());
  if (leaving_.is_draining()) attempts_.return_all(now_, outbox_.waiting());
  start_attempts();
}

void Session::take(const Ack& ack) {
  if (ack.reports_committed > outbox_.reports_sent()) {
    ++dropped_.unknown_report;
    return;
  }
  echo_ = {ack.sent, now_, {}};
  output_.heard(now_);
  output_.set_window(ack.window);
  send_output();
  if (!outbox_.acknowledge(ack.reports_committed)) return;
  deadlines_.resend = outbox_.all_acknowledged() ? kNever : now_ + resend_after();
  start_attempts();
}

void Session::take(const Cancel& cancel) {
  if (leaving_.is_leaving()) return;
  if (attempts_.cancel(now_, cancel.assignments_through, outbox_.waiting())) {
    out_->push_back(CancelAttempts{cancel.assignments_through});
  }
  if (cancel.attempts.size() == 0) return;
  if (attempts_.cancel_listed(now_, cancel.attempts, outbox_.waiting())) {
    out_->push_back(CancelListed{cancel.attempts});
  }
}

void Session::take(const Drain& drain) {
  if (drain.mode == DrainMode::return_running) {
    leave_now();
  } else {
    leave_when_done(false);
  }
}

void Session::take(const Revoke& revoke) {
  if (leaving_.is_leaving()) return;
  attempts_.revoke(now_, revoke, outbox_.waiting());
  if (revoke.keep == 0) return_waiting(revoke.assignments_through);
}

void Session::take(const Reject& reject) {
  switch (reject.reason) {
    case RejectReason::say_hello:
    case RejectReason::wrong_epoch:
      // During a handshake this answers a message from before the Hello. A fresh nonce would only
      // invalidate the Welcome that is on its way.
      if (handshake_.has_joined()) start_handshake();
      return;
    case RejectReason::session_lost:
      start_over("the coordinator has given this session up");
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
  send(Goodbye{outbox_.reports_sent(), outbox_.outcomes_sent(), 0, 0});
  exit(kExitDone, "the run is over");
}

void Session::take(const OutputAck& ack) {
  output_.heard(now_);
  output_.acknowledge(now_, ack, *out_);
  output_.set_window(ack.window);
  send_output();
}

// Joining.

bool Session::accepts(const CoordinatorMessage& message) {
  switch (handshake_.judge(message)) {
    case Handshake::Verdict::unassigned:
      ++dropped_.unassigned;
      return false;
    case Handshake::Verdict::not_handshaking:
      ++dropped_.not_handshaking;
      return false;
    case Handshake::Verdict::old_welcome:
      ++dropped_.old_welcome;
      return false;
    case Handshake::Verdict::accepted:
      break;
  }
  return true;
}

void Session::start_handshake() {
  deadlines_.heartbeat = kNever;
  deadlines_.report = kNever;
  deadlines_.resend = kNever;
  leaving_.disconnected();
  handshake_.start();
  say_hello();
}

void Session::say_hello() {
  out_->push_back(Send{std::make_shared<const WorkerMessage>(handshake_.hello(now_, identity_))});
}

/// The step from handshaking to working.
void Session::join(const Header& header, const Welcome& terms) {
  if (handshake_.has_run() && handshake_.run() != header.run) {
    log(Severity::warning,
        "the coordinator has another run: dropping the attempts of the last one");
    forget_run();
  }
  if (handshake_.epoch() != header.epoch) {
    attempts_.start_epoch();
    jobs_.start_epoch();
    output_.start_epoch();
  }
  handshake_.join(header);
  if (!can_keep_running(terms)) {
    output_.drop();
    if (attempts_.drop_running()) out_->push_back(DropAttempts{});
  }
  set_terms(terms);
  output_.enable(terms.features.test(kOutputInChunks));
  prepared_.reset();
  const std::string id = to_hex(header.run.bytes);
  const std::string run = terms.run_name.empty() ? id : terms.run_name + " (" + id + ")";
  log(Severity::info, "joined run " + run + " as session " + to_hex(handshake_.session().bytes));
  was_welcomed_ = true;
  heard();
}

void Session::set_terms(const Welcome& terms) {
  terms_.slots = terms.slots;
  terms_.heartbeat_interval = std::max(terms.heartbeat_interval, kShortestInterval);
  terms_.liveness = std::max(terms.liveness, terms_.heartbeat_interval);
  terms_.silence_limit = std::max(terms_.liveness, terms.orphan_for);
  terms_.rejoin_limit = std::max(terms_.silence_limit, terms.rejoin_for);
}

/// The executor of commands cannot change its slots while they run, and what they have printed may
/// be in chunks that the new coordinator does not take. The Inventory omits those that are dropped.
bool Session::can_keep_running(const Welcome& terms) const {
  const bool is_same = terms.slots == terms_.slots &&
                       (terms.features.test(kOutputInChunks) || !output_.is_enabled());
  return is_same || !jobs_.uses_command_slots();
}

Inventory Session::inventory() const {
  Inventory inventory;
  inventory.echo = echo();
  inventory.nonce = handshake_.nonce();
  inventory.assignments_received = attempts_.assignments_received();
  inventory.reports_sent = outbox_.reports_sent();
  inventory.draining = leaving_.is_draining();
  return inventory;
}

/// After the Inventory.
void Session::resume_work() {
  output_.resend(now_, handshake_.header(), *out_);
  send_output();
  resend_reports();
  if (leaving_.is_leaving()) {
    send_goodbye();
    return;
  }
  deadlines_.heartbeat = now_ + terms_.heartbeat_interval;
  start_attempts();
}

/// A worker that was stopped or starved did not listen, so silence proves nothing: the coordinator
/// gets another liveness time.
void Session::compensate_own_stall() {
  const std::optional<Instant> due = next_deadline();
  if (!due || *due == kNever || now_ - *due <= terms_.heartbeat_interval) return;
  deadlines_.silence = std::max(deadlines_.silence, now_ + terms_.liveness);
}

void Session::heard() {
  if (!was_welcomed_) return;
  is_rejoining_ = false;
  heard_ = now_;
  deadlines_.silence = now_ + terms_.silence_limit;
}

/// The coordinator has been silent for too long. It has given this session up by now, or does so
/// when it hears from the new one.
void Session::end_silence() {
  const Instant give_up = heard_ + terms_.rejoin_limit;
  if (!was_welcomed_) {
    exit(kExitNoCoordinator, "never connected: no coordinator has answered");
  } else if (is_rejoining_ || leaving_.is_draining() || now_ >= give_up) {
    exit(kExitNoCoordinator, "orphaned: the coordinator has fallen silent");
  } else {
    is_rejoining_ = true;
    deadlines_.silence = give_up;
    start_over("the coordinator has fallen silent");
  }
}

// Working.

void Session::start_attempts() {
  if (leaving_.is_draining() || leaving_.is_leaving() || outbox_.full()) return;
  Actions starts;
  attempts_.start(terms_.slots == 0 ? HeldAttempts::kNoLimit : terms_.slots + traits_.started_ahead,
                  starts);
  for (Action& start : starts) {
    prepare_for(std::get<StartAttempts>(start));
    out_->push_back(std::move(start));
  }
}

void Session::prepare_for(const StartAttempts& start) {
  const KindSet kind = set_of(start.job->kind);
  if ((prepared_ & kind).any()) return;
  prepared_ |= kind;
  out_->push_back(Prepare{start.job->kind, terms_.slots, output_.is_enabled()});
}

/// Returns false, and ends, if an attempt cannot be run.
bool Session::take_jobs(const Assignment& assignment) {
  const KindSet before = jobs_.kinds();
  const std::string problem = jobs_.take(assignment, identity_.kinds);
  if (!problem.empty()) {
    exit(kExitNoCoordinator, problem);
    return false;
  }
  if (jobs_.kinds() == before) return true;
  traits_ = jobs_.traits();
  ended_ = RateMeter(traits_.busy_outcomes, limits::busy_window);
  return true;
}

/// Attempts that were started beyond the slots have not begun yet.
void Session::return_waiting(std::uint64_t assignments_through) {
  if (!jobs_.uses_command_slots() || attempts_.running() == 0) return;
  out_->push_back(ReturnWaiting{assignments_through});
}

void Session::send(WorkerBody body) {
  out_->push_back(Send{
      std::make_shared<const WorkerMessage>(WorkerMessage{handshake_.header(), std::move(body)})});
}

TimeEcho Session::echo() const {
  if (echo_.worker_received == Instant{}) return {};
  return {echo_.coordinator_sent, echo_.worker_received, now_};
}

/// Reports go first: the coordinator must know of a returned attempt before its place is passed.
void Session::send_heartbeat() {
  cut_reports(Outbox::Cut::all);
  send(Heartbeat{echo(), attempts_.assignments_received(), attempts_.started_count(),
                 leaving_.is_draining(), output_.window_received()});
  attempts_.news_sent();
  deadlines_.heartbeat = now_ + terms_.heartbeat_interval;
}

void Session::cut_reports(Outbox::Cut how) {
  if (!is_working()) return;
  if (how != Outbox::Cut::full_only) deadlines_.report = kNever;
  const std::uint64_t before = outbox_.reports_sent();
  outbox_.cut(how,
              {handshake_.header(), attempts_.assignments_received(), attempts_.started_count(),
               leaving_.is_draining(), output_.window_received()},
              *out_);
  if (outbox_.reports_sent() == before) return;
  attempts_.news_sent();
  if (deadlines_.resend == kNever) deadlines_.resend = now_ + resend_after();
}

void Session::resend_reports() {
  outbox_.resend(handshake_.header(), *out_);
  deadlines_.resend = outbox_.all_acknowledged() ? kNever : now_ + resend_after();
}

/// And lets attempts go that have nothing left to send.
void Session::send_output() {
  if (!is_working()) return;
  output_.send(now_, handshake_.header(), *out_);
  output_.release(*out_);
}

/// Under load, outcomes wait a little for others: a message costs more than the tasks that it
/// reports. They leave at once if the coordinator may be waiting for them: when slots may fall
/// idle, or when little is left to end. With limited slots every start is news, which waits as
/// well.
bool Session::may_wait_for_more() {
  const bool has_enough_left =
      terms_.slots > 0 ? traits_.batches_with_slots && attempts_.waiting() >= terms_.slots
                       : attempts_.running() >= limits::busy_running && !attempts_.has_news();
  if (!has_enough_left || !ended_.busy() || outbox_.waiting().size() == 0) return false;
  if (deadlines_.report == kNever) deadlines_.report = now_ + traits_.report_wait;
  return now_ < deadlines_.report;
}

// Leaving.

/// Stops the running attempts. The Goodbye returns them, and those that wait.
void Session::leave_now() {
  if (!leaving_.leave(now_)) return;
  drop_attempts();
  if (!handshake_.has_run()) {
    exit(kExitDone, "terminated before it had joined");
    return;
  }
  deadlines_.heartbeat = kNever;
  if (is_working()) send_goodbye();
}

/// Finishes the running attempts. The coordinator is informed now, so that it assigns no more.
void Session::leave_when_done(bool whatever_run) {
  if (!leaving_.drain(whatever_run)) return;
  if (!handshake_.has_run()) {
    exit(kExitDone, "terminated before it had joined");
    return;
  }
  log(Severity::info, "draining: nothing new is started");
  attempts_.add_news();
  attempts_.return_all(now_, outbox_.waiting());
  return_waiting(std::numeric_limits<std::uint64_t>::max());
}

void Session::leave_if_done() {
  if (!is_working()) return;
  if (leaving_.is_leaving() && outbox_.all_acknowledged()) {
    exit(kExitDone, "terminated");
  } else if (leaving_.is_draining() && attempts_.running() == 0 && outbox_.empty()) {
    send_goodbye();
    exit(kExitDone, "drained");
  }
}

/// The last reports go first, so that the Goodbye can count them.
void Session::send_goodbye() {
  cut_reports(Outbox::Cut::without_window);
  send(Goodbye{outbox_.reports_sent(), outbox_.outcomes_sent(), 0, 0});
  if (leaving_.is_leaving()) leaving_.goodbye_sent(now_, terms_.heartbeat_interval);
}

void Session::drop_attempts() {
  output_.drop();
  if (attempts_.drop()) out_->push_back(DropAttempts{});
}

void Session::forget_run() {
  drop_attempts();
  attempts_.forget_run();
  jobs_.forget_run();
  traits_ = {};
  outbox_.clear();
  handshake_.forget_run();
  leaving_.forget_run();
}

void Session::start_over(std::string reason) {
  const bool was_leaving = leaving_.is_leaving() || leaving_.is_draining();
  forget_run();
  handshake_.end();
  if (was_leaving) {
    exit(kExitDone, "drained; it was given up before it had left");
    return;
  }
  log(Severity::warning, std::move(reason) + "; starting over as a new session");
  echo_ = {};
  deadlines_ = {kNever, kNever, kNever, deadlines_.silence};
  out_->push_back(StartOver{});
}

void Session::exit(int status, std::string reason) {
  is_over_ = true;
  deadlines_ = {};
  out_->push_back(Exit{status, std::move(reason)});
}

void Session::log(Severity severity, std::string text) {
  out_->push_back(Log{severity, std::move(text)});
}

}  // namespace rollcall::worker
