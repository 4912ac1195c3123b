#include "bench/fake_cluster.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "common/base/check.h"
#include "common/limits.h"
#include "common/os/clock.h"

namespace rollcall::bench {
namespace {

using namespace std::chrono_literals;
using coordinator::Scheduler;

constexpr Duration kRunTime = 10s;

coordinator::Policy policy_for(std::size_t sessions) {
  coordinator::Policy policy;
  policy.others_may_join = true;
  policy.wait_for_workers = static_cast<std::uint32_t>(sessions);
  policy.name_starts = false;
  return policy;
}

/// A Scheduler, and how long it took to make one.
Scheduler plan(const coordinator::RunSpec& spec, std::size_t sessions, double& spent) {
  const Instant before = os::now();
  Scheduler scheduler(spec, policy_for(sessions), 1);
  spent = to_seconds(os::now() - before);
  return scheduler;
}

}  // namespace

FakeCluster::FakeCluster(const coordinator::RunSpec& spec, std::size_t sessions)
    : spec_(spec),
      now_(Duration(1s)),
      next_beat_(now_ + 1s),
      scheduler_(plan(spec, sessions, time_.planning)),
      peers_(sessions) {
  for (std::size_t p = 0; p < sessions; ++p) {
    const std::uint64_t name = p + 1;
    std::memcpy(peers_[p].secret.bytes.data(), &name, sizeof name);
    peers_[p].id = session_of(peers_[p].secret);
  }
}

void FakeCluster::run() {
  join();
  while (scheduler_.done() < spec_.task_count) {
    CHECK(!waiting_.empty());
    for (const std::size_t peer : std::exchange(news_, {})) say_heartbeat(peer);
    for (std::size_t n = 0; n < limits::messages_per_turn && !waiting_.empty(); ++n) {
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      report(std::move(next));
    }
    if (now_ >= next_beat_) beat();
    end_turn();
  }
}

void FakeCluster::join() {
  step(coordinator::ListeningStarted{}, time_.joining);
  for (std::size_t p = 0; p < peers_.size(); ++p) {
    Hello hello;
    hello.secret = peers_[p].secret;
    hello.nonce = 1;
    hello.host = "host";
    hello.name = "worker";
    hello.kinds = all_kinds();
    tell(p, hello, time_.joining);
    Inventory inventory;
    inventory.nonce = 1;
    tell(p, inventory, time_.joining);
  }
  end_turn();
}

void FakeCluster::beat() {
  next_beat_ = now_ + 1s;
  for (std::size_t p = 0; p < peers_.size(); ++p) say_heartbeat(p);
}

void FakeCluster::say_heartbeat(std::size_t peer) {
  peers_[peer].has_news = false;
  tell(peer, Heartbeat{{}, peers_[peer].received, peers_[peer].started}, time_.reports);
}

void FakeCluster::report(Waiting waiting) {
  Peer& peer = peers_[waiting.peer];
  const AttemptColumns& attempts = waiting.assignment.attempts;
  const std::size_t n = attempts.size();
  now_ += kRunTime * n / spec_.task_count;
  Report report;
  report.number = ++peer.reports;
  report.assignments_received = peer.received;
  report.started_count = peer.started;
  // Assignments are sorted by cost, longest first: the last task ends first.
  report.outcomes.task.assign(attempts.task.rbegin(), attempts.task.rend());
  report.outcomes.attempt.assign(attempts.attempt.rbegin(), attempts.attempt.rend());
  report.outcomes.result.assign(attempts.pause.rbegin(), attempts.pause.rend());
  report.outcomes.elapsed = report.outcomes.result;
  report.outcomes.started.assign(n, now_);
  report.outcomes.outcome.assign(n, Outcome::succeeded);
  tell(waiting.peer, std::move(report), time_.reports);
}

void FakeCluster::tell(std::size_t peer, WorkerBody body, double& spent) {
  coordinator::MessageReceived event;
  event.from = static_cast<ConnectionId>(peer);
  event.message.header = {kProtocolVersion, spec_.id, 1, peers_[peer].id};
  event.message.body = std::move(body);
  step(event, spent);
}

void FakeCluster::end_turn() {
  step(coordinator::TurnEnded{}, time_.turns);
}

void FakeCluster::step(const coordinator::Event& event, double& spent) {
  actions_.clear();
  const Instant before = os::now();
  scheduler_.step(now_, event, actions_);
  spent += to_seconds(os::now() - before);
  perform();
}

void FakeCluster::perform() {
  for (coordinator::Action& action : actions_) {
    auto* send = std::get_if<coordinator::Send>(&action);
    if (send == nullptr) continue;
    CHECK(!std::holds_alternative<Reject>(send->message.body));
    if (auto* assignment = std::get_if<Assignment>(&send->message.body)) {
      ++assignments_;
      const auto to = static_cast<std::size_t>(send->to);
      CHECK(assignment->number == peers_[to].received + 1);
      ++peers_[to].received;
      peers_[to].started += assignment->attempts.size();
      if (!std::exchange(peers_[to].has_news, true)) news_.push_back(to);
      waiting_.push_back({to, std::move(*assignment)});
    }
  }
}

}  // namespace rollcall::bench
