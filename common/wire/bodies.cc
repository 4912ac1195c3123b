#include "common/wire/bodies.h"

#include <algorithm>
#include <variant>

#include "common/base/text.h"
#include "common/limits.h"

namespace rollcall::wire {
namespace {

static_assert(static_cast<int>(rollcall::RejectReason::refused) + 1 == REJECT_REASON_REFUSED);
static_assert(kKindNames.size() == TaskKind_MAX, "a kind of task has no number on the wire");

constexpr std::uint64_t kLongestNs = static_cast<std::uint64_t>(limits::longest_duration.count());

bool take_instant(std::int64_t ns, Instant& instant) {
  instant = instant_from_ns(ns);
  return ns > -kTimeBound && ns < kTimeBound;
}

bool take_duration(std::uint64_t ns, Duration& duration) {
  duration = Duration(static_cast<std::int64_t>(ns));
  return ns <= kLongestNs;
}

template <class Message>
void put_features(const FeatureSet& features, Message& out) {
  for (std::uint32_t n = 1; n < features.size(); ++n) {
    if (features.test(n)) out.add_features(n);
  }
}

template <class Message>
FeatureSet take_features(const Message& in) {
  FeatureSet features;
  for (const std::uint32_t n : in.features()) {
    if (n > 0 && n < features.size()) features.set(n);
  }
  return features;
}

void put_kinds(const KindSet& kinds, Hello& out) {
  for (int number = 1; number <= TaskKind_MAX; ++number) {
    if (kinds.test(static_cast<std::size_t>(number - 1))) out.add_kinds(TaskKind{number});
  }
}

KindSet take_kinds(const Hello& in) {
  KindSet kinds;
  for (const int number : in.kinds()) {
    if (number >= 1 && number <= TaskKind_MAX) kinds.set(static_cast<std::size_t>(number - 1));
  }
  return kinds;
}

void put_echo(const rollcall::TimeEcho& echo, TimeEcho& out) {
  out.set_coordinator_sent_ns(to_ns(echo.coordinator_sent));
  out.set_worker_received_ns(to_ns(echo.worker_received));
  out.set_worker_sent_ns(to_ns(echo.worker_sent));
}

bool take_echo(const TimeEcho& in, rollcall::TimeEcho& echo) {
  return take_instant(in.coordinator_sent_ns(), echo.coordinator_sent) &&
         take_instant(in.worker_received_ns(), echo.worker_received) &&
         take_instant(in.worker_sent_ns(), echo.worker_sent);
}

void put(const rollcall::Hello& from, FromWorker& envelope) {
  Hello& out = *envelope.mutable_hello();
  put_id(from.secret, *out.mutable_secret());
  out.set_nonce(from.nonce);
  out.set_host(printable(from.host, limits::name_bytes));
  out.set_name(printable(from.name, limits::name_bytes));
  out.set_pid(from.pid);
  out.set_slots(from.slots);
  out.set_processors(from.processors);
  out.set_launch_id(from.launch_id);
  out.set_command_slots(from.command_slots);
  put_kinds(from.kinds, out);
  put_features(from.features, out);
}

Problem take(const Hello& in, rollcall::Hello& to) {
  if (!take_id(in.secret(), to.secret) || to.secret.empty()) return "hello: bad secret";
  to.nonce = in.nonce();
  to.host = printable(in.host(), limits::name_bytes);
  to.name = printable(in.name(), limits::name_bytes);
  to.pid = in.pid();
  to.slots = in.slots();
  to.processors = in.processors();
  to.launch_id = in.launch_id();
  to.command_slots = in.command_slots();
  to.kinds = take_kinds(in);
  to.features = take_features(in);
  return nullptr;
}

void put(const rollcall::Inventory& from, FromWorker& envelope) {
  Inventory& out = *envelope.mutable_inventory();
  put_echo(from.echo, *out.mutable_echo());
  out.set_nonce(from.nonce);
  out.set_assignments_received(from.assignments_received);
  out.set_reports_sent(from.reports_sent);
  out.set_draining(from.draining);
  if (from.list == 0) return;
  out.set_started_count(from.started_count);
  out.set_begun(from.begun);
  out.set_list(from.list);
  out.set_part(from.part);
  out.set_is_last_part(from.is_last_part);
  put(from.held, out);
  put(from.output, out);
}

Problem take(const Inventory& in, rollcall::Inventory& to) {
  to.nonce = in.nonce();
  to.assignments_received = in.assignments_received();
  to.reports_sent = in.reports_sent();
  to.draining = in.draining();
  to.started_count = in.started_count();
  to.begun = in.begun();
  to.list = in.list();
  to.part = in.part();
  to.is_last_part = in.is_last_part();
  if (!take_echo(in.echo(), to.echo)) return "inventory: instant out of range";
  if (const Problem problem = take(in, to.held)) return problem;
  return take(in, to.output);
}

void put(const rollcall::Heartbeat& from, FromWorker& envelope) {
  Heartbeat& out = *envelope.mutable_heartbeat();
  put_echo(from.echo, *out.mutable_echo());
  out.set_assignments_received(from.assignments_received);
  out.set_started_count(from.started_count);
  out.set_draining(from.draining);
  out.set_window_received(from.window_received);
}

Problem take(const Heartbeat& in, rollcall::Heartbeat& to) {
  to.assignments_received = in.assignments_received();
  to.started_count = in.started_count();
  to.draining = in.draining();
  to.window_received = in.window_received();
  return take_echo(in.echo(), to.echo) ? nullptr : "heartbeat: instant out of range";
}

void put(const rollcall::Goodbye& from, FromWorker& envelope) {
  Goodbye& out = *envelope.mutable_goodbye();
  out.set_reports_sent(from.reports_sent);
  out.set_outcomes_sent(from.outcomes_sent);
  out.set_cpu_seconds(from.cpu_seconds);
  out.set_peak_rss_bytes(from.peak_rss_bytes);
}

Problem take(const Goodbye& in, rollcall::Goodbye& to) {
  to.reports_sent = in.reports_sent();
  to.outcomes_sent = in.outcomes_sent();
  to.cpu_seconds = in.cpu_seconds();
  to.peak_rss_bytes = in.peak_rss_bytes();
  // A worker's process has few threads and lives for years at most.
  const double most = to_seconds(Duration(kTimeBound));
  const bool good = to.cpu_seconds >= 0 && to.cpu_seconds < most;  // false for NaN
  return good ? nullptr : "goodbye: bad CPU time";
}

void put(const rollcall::Welcome& from, FromCoordinator& envelope) {
  Welcome& out = *envelope.mutable_welcome();
  out.set_nonce(from.nonce);
  out.set_sent_ns(to_ns(from.sent));
  out.set_slots(from.slots);
  out.set_heartbeat_interval_ns(ns_to_wire(from.heartbeat_interval));
  out.set_liveness_ns(ns_to_wire(from.liveness));
  out.set_orphan_for_ns(ns_to_wire(from.orphan_for));
  out.set_list_held(from.list_held);
  out.set_reports_committed(from.reports_committed);
  out.set_rejoin_for_ns(ns_to_wire(from.rejoin_for));
  put_features(from.features, out);
  put_window(from.window, out);
  out.set_run_name(printable(from.run_name, limits::name_bytes));
}

Problem take(const Welcome& in, rollcall::Welcome& to) {
  to.nonce = in.nonce();
  if (!take_instant(in.sent_ns(), to.sent)) return "welcome: instant out of range";
  to.slots = in.slots();
  to.list_held = in.list_held();
  to.reports_committed = in.reports_committed();
  to.features = take_features(in);
  to.run_name = printable(in.run_name(), limits::name_bytes);
  const bool good = take_duration(in.heartbeat_interval_ns(), to.heartbeat_interval) &&
                    take_duration(in.liveness_ns(), to.liveness) &&
                    take_duration(in.orphan_for_ns(), to.orphan_for) &&
                    take_duration(in.rejoin_for_ns(), to.rejoin_for) &&
                    to.heartbeat_interval > Duration{} && to.liveness > Duration{};
  return good ? take_window(in, to.window) : "welcome: interval out of range";
}

void put(const rollcall::Ack& from, FromCoordinator& envelope) {
  envelope.mutable_ack()->set_reports_committed(from.reports_committed);
  envelope.mutable_ack()->set_sent_ns(to_ns(from.sent));
  put_window(from.window, *envelope.mutable_ack());
}

Problem take(const Ack& in, rollcall::Ack& to) {
  to.reports_committed = in.reports_committed();
  if (!take_instant(in.sent_ns(), to.sent)) return "ack: instant out of range";
  return take_window(in, to.window);
}

void put(const rollcall::Cancel& from, FromCoordinator& envelope) {
  envelope.mutable_cancel()->set_assignments_through(from.assignments_through);
  put(from.attempts, *envelope.mutable_cancel());
}

Problem take(const Cancel& in, rollcall::Cancel& to) {
  to.assignments_through = in.assignments_through();
  return take(in, to.attempts);
}

void put(const rollcall::Reject& from, FromCoordinator& envelope) {
  envelope.mutable_reject()->set_reason(to_wire<RejectReason>(from.reason));
  envelope.mutable_reject()->set_text(printable(from.text, limits::name_bytes));
}

Problem take(const Reject& in, rollcall::Reject& to) {
  if (in.reason() == REJECT_REASON_UNSPECIFIED || !RejectReason_IsValid(in.reason()))
    return "reject: unknown reason";
  to.reason = static_cast<rollcall::RejectReason>(in.reason() - 1);
  to.text = printable(in.text(), limits::name_bytes);
  return nullptr;
}

void put(const rollcall::Drain& from, FromCoordinator& envelope) {
  const bool returns = from.mode == rollcall::DrainMode::return_running;
  envelope.mutable_drain()->set_mode(returns ? DRAIN_MODE_RETURN : DRAIN_MODE_FINISH);
}

Problem take(const Drain& in, rollcall::Drain& to) {
  if (!DrainMode_IsValid(in.mode())) return "drain: unknown mode";
  const bool returns = in.mode() == DRAIN_MODE_RETURN;
  to.mode = returns ? rollcall::DrainMode::return_running : rollcall::DrainMode::finish;
  return nullptr;
}

void put(const rollcall::Revoke& from, FromCoordinator& envelope) {
  envelope.mutable_revoke()->set_assignments_through(from.assignments_through);
  envelope.mutable_revoke()->set_keep(from.keep);
}

Problem take(const Revoke& in, rollcall::Revoke& to) {
  to.assignments_through = in.assignments_through();
  to.keep = in.keep();
  return to.assignments_through > 0 ? nullptr : "revoke: no assignment";
}

void put(const rollcall::Shutdown&, FromCoordinator& envelope) {
  envelope.mutable_shutdown();
}

/// The alternative T of a body. Its memory is reused if the body already has this alternative.
template <class T, class Body>
T& alternative(Body& body) {
  if (T* kept = std::get_if<T>(&body)) return *kept;
  return body.template emplace<T>();
}

void put(const rollcall::Report& from, FromWorker& envelope) {
  put(from, *envelope.mutable_report());
}

void put(const rollcall::Output& from, FromWorker& envelope) {
  put(from, *envelope.mutable_output());
}

void put(const rollcall::Assignment& from, FromCoordinator& envelope) {
  put(from, *envelope.mutable_assignment());
}

void put(const rollcall::OutputAck& from, FromCoordinator& envelope) {
  put(from, *envelope.mutable_output_ack());
}

}  // namespace

void put_body(const WorkerBody& from, FromWorker& envelope) {
  std::visit([&](const auto& body) { put(body, envelope); }, from);
}

void put_body(const CoordinatorBody& from, FromCoordinator& envelope) {
  std::visit([&](const auto& body) { put(body, envelope); }, from);
}

Problem take_body(const FromWorker& in, WorkerBody& body) {
  switch (in.body_case()) {
    case FromWorker::kHello:
      return take(in.hello(), alternative<rollcall::Hello>(body));
    case FromWorker::kInventory:
      return take(in.inventory(), alternative<rollcall::Inventory>(body));
    case FromWorker::kReport:
      return take(in.report(), alternative<rollcall::Report>(body));
    case FromWorker::kHeartbeat:
      return take(in.heartbeat(), alternative<rollcall::Heartbeat>(body));
    case FromWorker::kGoodbye:
      return take(in.goodbye(), alternative<rollcall::Goodbye>(body));
    case FromWorker::kOutput:
      return take(in.output(), alternative<rollcall::Output>(body));
    case FromWorker::BODY_NOT_SET:
      break;
  }
  return "unknown message type";
}

Problem take_body(const FromCoordinator& in, CoordinatorBody& body) {
  switch (in.body_case()) {
    case FromCoordinator::kWelcome:
      return take(in.welcome(), alternative<rollcall::Welcome>(body));
    case FromCoordinator::kAssignment:
      return take(in.assignment(), alternative<rollcall::Assignment>(body));
    case FromCoordinator::kAck:
      return take(in.ack(), alternative<rollcall::Ack>(body));
    case FromCoordinator::kCancel:
      return take(in.cancel(), alternative<rollcall::Cancel>(body));
    case FromCoordinator::kDrain:
      return take(in.drain(), alternative<rollcall::Drain>(body));
    case FromCoordinator::kReject:
      return take(in.reject(), alternative<rollcall::Reject>(body));
    case FromCoordinator::kShutdown:
      body.emplace<rollcall::Shutdown>();
      return nullptr;
    case FromCoordinator::kRevoke:
      return take(in.revoke(), alternative<rollcall::Revoke>(body));
    case FromCoordinator::kOutputAck:
      return take(in.output_ack(), alternative<rollcall::OutputAck>(body));
    case FromCoordinator::BODY_NOT_SET:
      break;
  }
  return "unknown message type";
}

}  // namespace rollcall::wire
