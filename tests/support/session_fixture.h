// Feeds events to a session and checks its actions.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/limits.h"
#include "worker/core/session.h"

namespace rollcall::worker {

using namespace std::chrono_literals;
/// "Send Hello", "Exit": for failures.
inline std::string describe(const Action& action) {
  using Names = std::vector<std::string>;
  if (const auto* send = std::get_if<Send>(&action)) {
    const Names bodies = {"Hello", "Inventory", "Report", "Heartbeat", "Goodbye", "Output"};
    return "Send " + bodies.at(send->message->body.index());
  }
  const Names kinds = {
      "Send", "nothing",   "Start",   "Cancel", "CancelListed", "ReturnWaiting", "Drop",
      "List", "StartOver", "nothing", "Exit",   "SendOutput",   "ForgetOutput",  "ReleaseOutcomes"};
  return kinds.at(action.index());
}

/// A test must take every action before the next event and before it ends; an action that was not
/// expected is a failure. Logs are skipped, and Prepare goes to `prepared`.
class SessionTest : public testing::Test {
 protected:
  static constexpr Epoch kEpoch = 3;

  SessionTest() { run_.bytes[0] = 7; }
  ~SessionTest() override { expect_nothing(); }

  void handle(const Event& event) {
    expect_nothing();
    Actions actions;
    session.step(now, event, actions);
    session.check_invariants();
    for (Action& action : actions) {
      if (const auto* prepare = std::get_if<Prepare>(&action)) {
        prepared.push_back(*prepare);
      } else if (!std::holds_alternative<Log>(action)) {
        actions_.push_back(std::move(action));
      }
    }
  }
  void receive_as(const Header& header, CoordinatorBody body) {
    handle(MessageReceived{CoordinatorMessage{header, std::move(body)}});
  }
  void receive(CoordinatorBody body) { receive_as(header(), std::move(body)); }
  void end_turn() { handle(TurnEnded{}); }
  /// Advances the time to the next deadline.
  void pass_to_deadline() {
    ASSERT_TRUE(session.next_deadline().has_value());
    now = *session.next_deadline();
    handle(DeadlineReached{});
  }

  void expect_nothing() {
    for (const Action& action : actions_) ADD_FAILURE() << "not expected: " << describe(action);
    actions_.clear();
  }
  /// Takes the next action, which must be of this type.
  template <class T>
  T take() {
    const Action action = actions_.empty() ? Action(Log{{}, "nothing"}) : actions_.front();
    if (!actions_.empty()) actions_.pop_front();
    if (const T* wanted = std::get_if<T>(&action)) return *wanted;
    ADD_FAILURE() << "not expected: " << describe(action);
    return {};
  }
  /// Takes the next action, which must send a message of this type with the header of the session.
  template <class T>
  T sent() {
    const auto send = take<Send>();
    const T* wanted = send.message ? std::get_if<T>(&send.message->body) : nullptr;
    if (wanted == nullptr) {
      if (send.message) ADD_FAILURE() << "not expected: " << describe(Action(send));
      return {};
    }
    EXPECT_TRUE((std::is_same_v<T, Hello>) || send.message->header == header());
    return *wanted;
  }

  Header header() const { return {kProtocolVersion, run_, kEpoch, session.id()}; }

  static SessionSecret secret(std::uint8_t n) {
    SessionSecret made;
    made.bytes.fill(n);
    return made;
  }
  Hello begin(std::uint8_t n = 1) {
    handle(Begun{secret(n), 5});
    return sent<Hello>();
  }
  Welcome welcome(std::uint64_t nonce, std::uint32_t slots = 0) const {
    return {nonce, instant_from_ns(1'000), slots, 1s, 10s, 10s};
  }
  void join(std::uint32_t slots = 0) {
    const Hello hello = begin();
    receive(welcome(hello.nonce, slots));
    sent<Inventory>();
  }

  static AttemptColumns attempts(std::initializer_list<std::uint32_t> tasks) {
    AttemptColumns made;
    for (const std::uint32_t task : tasks) {
      made.task.push_back(TaskId{task});
      made.attempt.push_back(1);
      made.pause.push_back(Duration(1'000 + task));
    }
    return made;
  }
  /// With the header of its job, whether or not an assignment before it had attempts of the job.
  Assignment assignment(std::uint64_t number, std::initializer_list<std::uint32_t> tasks) const {
    return {number, attempts(tasks), {job}};
  }
  /// These attempts have ended.
  void end_attempts(std::initializer_list<std::uint32_t> tasks, Outcome outcome = {}) {
    OutcomeColumns ended;
    for (const std::uint32_t task : tasks) {
      ended.push_back(TaskId{task}, 1, outcome, now, Duration(2'000), Duration(1'000 + task));
    }
    handle(AttemptsEnded{ended});
  }
  static std::vector<TaskId> tasks(std::initializer_list<std::uint32_t> numbers) {
    std::vector<TaskId> made;
    for (const std::uint32_t n : numbers) made.push_back(TaskId{n});
    return made;
  }
  /// Receives an assignment, which starts and is acknowledged.
  void run_all(std::uint64_t number, std::initializer_list<std::uint32_t> numbers) {
    receive(assignment(number, numbers));
    EXPECT_EQ(take<StartAttempts>().attempts.task, tasks(numbers));
    end_turn();
    EXPECT_EQ(sent<Heartbeat>().assignments_received, number);
  }

  Job job{kFirstJob, KindId::sleep, /*needs_slot=*/true};
  std::vector<Prepare> prepared;
  Session session{Identity{"host", "name", 42, 0, 2, 9}};
  Instant now = instant_from_ns(1'000'000'000);
  RunId run_;

 private:
  std::deque<Action> actions_;
};

}  // namespace rollcall::worker
