#include "coordinator/core/output/output_windows.h"

#include "tests/support/times.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "common/base/rng.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kWindow = limits::output_window;
constexpr std::uint64_t kMuchRoom = std::uint64_t{1} << 40U;

constexpr SessionIndex session_at(std::uint32_t i) {
  return SessionIndex{i};
}

/// Windows for `count` sessions that have joined.
OutputWindows windows_for(std::uint32_t count, std::uint64_t limit = limits::output_in_flight) {
  OutputWindows windows(limit);
  for (std::uint32_t i = 0; i < count; ++i) {
    windows.add_session();
    windows.session_joined(kNow, session_at(i));
  }
  return windows;
}

/// The session sends its whole window, and is answered.
SessionWindow use_window(OutputWindows& windows, Instant now, SessionIndex session,
                         std::uint64_t room = kMuchRoom) {
  const std::uint64_t cost = windows.window(session).bytes;
  windows.arrived(now, session, cost);
  const SessionWindow window = windows.renew(now, session, room, cost);
  windows.received(session, window.number);
  windows.check_invariants();
  return window;
}

TEST(OutputWindows, BeginWithTheLeastWindow) {
  OutputWindows windows = windows_for(2);
  EXPECT_EQ(windows.waiting(), 2U);
  const SessionWindow window = windows.renew(kNow, session_at(0), kMuchRoom);
  EXPECT_EQ(window.bytes, kWindow);
  EXPECT_EQ(window.number, 1U);
  EXPECT_EQ(windows.used(), kWindow);
  EXPECT_EQ(windows.waiting(), 1U);
  EXPECT_EQ(windows.renew(kNow + 1h, session_at(0), kMuchRoom).number, 1U) << "it is the same";
  windows.check_invariants();
}

TEST(OutputWindows, OnlySessionsThatHaveJoinedGetOne) {
  OutputWindows windows;
  windows.add_session();
  EXPECT_EQ(windows.renew(kNow, session_at(0), kMuchRoom).bytes, 0U);
  EXPECT_TRUE(windows.take_due(kNow, kMuchRoom).empty());
  windows.session_joined(kNow, session_at(0));
  windows.session_joined(kNow, session_at(0));
  EXPECT_EQ(windows.renew(kNow, session_at(0), kMuchRoom).bytes, kWindow);
  windows.session_ended(session_at(0));
  windows.session_ended(session_at(0));
  windows.arrived(kNow, session_at(0), 1);
  windows.received(session_at(0), 1);
  EXPECT_EQ(windows.renew(kNow, session_at(0), kMuchRoom).bytes, 0U);
  EXPECT_EQ(windows.used(), 0U);
  windows.check_invariants();
}

TEST(OutputWindows, AreUsedUntilTheBytesArrive) {
  OutputWindows windows = windows_for(1);
  windows.renew(kNow, session_at(0), kMuchRoom);
  windows.arrived(kNow, session_at(0), kWindow / 4);
  EXPECT_EQ(windows.used(), kWindow / 4 * 3);
  windows.renew(kNow, session_at(0), kMuchRoom);
  EXPECT_EQ(windows.used(), kWindow / 4 * 3) << "the worker does not know that they are taken";
  windows.renew(kNow, session_at(0), kMuchRoom, kWindow / 4);
  EXPECT_EQ(windows.used(), kWindow) << "it may send as many again";
  windows.check_invariants();
}

TEST(OutputWindows, AreUsedUntilTheirReplacementIsReceived) {
  OutputWindows windows = windows_for(1);
  windows.renew(kNow, session_at(0), kMuchRoom);
  const SessionWindow none = windows.renew(kNow + 1s, session_at(0), /*room=*/0);
  EXPECT_EQ(none.bytes, 0U);
  EXPECT_EQ(none.number, 2U);
  EXPECT_EQ(windows.used(), kWindow);
  windows.received(session_at(0), 1);
  windows.received(session_at(0), 3);
  EXPECT_EQ(windows.used(), kWindow) << "that is another window";
  windows.received(session_at(0), 2);
  EXPECT_EQ(windows.used(), 0U);
  windows.check_invariants();
}

TEST(OutputWindows, AreFreeWhenTheirSessionEnds) {
  OutputWindows windows = windows_for(2, 2 * kWindow);
  windows.renew(kNow, session_at(0), kMuchRoom);
  EXPECT_EQ(windows.renew(kNow, session_at(1), kMuchRoom).bytes, 0U);
  windows.session_ended(session_at(0));
  EXPECT_EQ(windows.take_due(kNow, kMuchRoom), std::vector{session_at(1)});
  EXPECT_TRUE(windows.take_due(kNow, kMuchRoom).empty()) << "once is enough";
  windows.check_invariants();
}

TEST(OutputWindows, GrowToTwiceWhatASessionSendsInAnInterval) {
  OutputWindows windows = windows_for(1);
  windows.renew(kNow, session_at(0), kMuchRoom);
  Instant now = kNow;
  std::uint64_t window = kWindow;
  for (int i = 0; i < 5; ++i) {
    now += limits::output_interval;
    EXPECT_EQ(use_window(windows, now, session_at(0)).bytes, 2 * window);
    window *= 2;
  }
  // The session sends no faster than this.
  for (int i = 0; i < 100; ++i) {
    now += limits::output_interval;
    windows.arrived(now, session_at(0), 5 * kWindow);
    window = windows.renew(now, session_at(0), kMuchRoom, 5 * kWindow).bytes;
    windows.check_invariants();
  }
  EXPECT_EQ(window, 10 * kWindow);
  EXPECT_EQ(windows.renew(now + 1h, session_at(0), kMuchRoom).bytes, kWindow) << "sends nothing";
}

TEST(OutputWindows, StayLargeForAWhile) {
  OutputWindows windows = windows_for(1);
  windows.arrived(kNow, session_at(0), 1);
  windows.arrived(kNow + 900ms, session_at(0), 10 * kWindow);
  windows.arrived(kNow + 1100ms, session_at(0), 1);
  EXPECT_EQ(windows.renew(kNow + 1800ms, session_at(0), kMuchRoom).bytes, 20 * kWindow);
  EXPECT_EQ(windows.renew(kNow + 2100ms, session_at(0), kMuchRoom).bytes, kWindow);
}

TEST(OutputWindows, GrowAlsoIfARoundTripTakesLongerThanAnInterval) {
  OutputWindows windows = windows_for(1);
  windows.renew(kNow, session_at(0), kMuchRoom);
  Instant now = kNow;
  for (int i = 0; i < 4; ++i) use_window(windows, now += 400ms, session_at(0));
  EXPECT_EQ(windows.window(session_at(0)).bytes, 16 * kWindow);
}

TEST(OutputWindows, OfBusySessionsAreEqual) {
  OutputWindows windows = windows_for(3, 400 * kWindow);
  Instant now = kNow;
  for (std::uint32_t i = 0; i < 300; ++i) {
    now += 10ms;
    // The first one comes earlier.
    const SessionIndex session = session_at(i < 60 ? 0 : i % 3);
    use_window(windows, now, session);
    windows.take_due(now, kMuchRoom);
    windows.check_invariants();
  }
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(double(windows.window(session_at(i)).bytes), 100.0 * kWindow, 3.0 * kWindow);
  }
}

TEST(OutputWindows, AreOnlyForBytesThatHaveRoom) {
  OutputWindows windows = windows_for(3);
  EXPECT_EQ(windows.renew(kNow, session_at(0), kWindow - 1).bytes, 0U);
  EXPECT_EQ(windows.renew(kNow, session_at(2), 3 * kWindow - 1).bytes, 0U)
      << "two others wait as well";
  EXPECT_EQ(windows.take_due(kNow, 2 * kWindow), std::vector({session_at(0), session_at(1)}));
  EXPECT_TRUE(windows.take_due(kNow, 3 * kWindow - 1).empty());
  EXPECT_EQ(windows.take_due(kNow, 3 * kWindow), std::vector{session_at(2)});
  windows.check_invariants();
}

TEST(OutputWindows, GoRoundWhenThereAreTooFew) {
  constexpr std::uint32_t kSessions = 10;
  OutputWindows windows = windows_for(kSessions, 4 * kWindow);  // one is kept back
  std::vector<int> turns(kSessions);
  Instant now = kNow;
  for (int i = 0; i < 40; ++i) {
    for (std::uint32_t s = 0; s < kSessions; ++s) {  // a heartbeat, and its Ack
      const SessionWindow before = windows.window(session_at(s));
      windows.received(session_at(s), before.number);
      const bool has_window = windows.renew(now, session_at(s), kMuchRoom).bytes > 0;
      if (before.bytes == 0 && has_window) ++turns[s];
    }
    for (const SessionIndex session : windows.take_due(now, kMuchRoom)) ++turns[index(session)];
    windows.check_invariants();
    now += 500ms;
  }
  const auto [fewest, most] = std::minmax_element(turns.begin(), turns.end());
  EXPECT_GE(*fewest, 3);
  EXPECT_LE(*most, *fewest + 2);
}

TEST(OutputWindows, StayWithASessionForItsTurn) {
  OutputWindows windows = windows_for(2, 2 * kWindow);
  windows.renew(kNow, session_at(0), kMuchRoom);
  EXPECT_EQ(windows.renew(kNow + limits::output_turn - 1ns, session_at(0), kMuchRoom).bytes,
            kWindow);
  EXPECT_EQ(windows.renew(kNow + limits::output_turn, session_at(0), kMuchRoom).bytes, 0U);
}

TEST(OutputWindows, OfThePreferredAttemptNeedNoRoom) {
  OutputWindows windows = windows_for(3);
  const SessionAttempt preferred{session_at(1), TaskId{5}, 2};
  windows.prefer(preferred, 64U << 20U);
  EXPECT_EQ(windows.take_due(kNow, 0), std::vector{session_at(1)});
  EXPECT_TRUE(windows.take_due(kNow, 0).empty());
  EXPECT_EQ(windows.window(session_at(1)).only, preferred);
  EXPECT_EQ(windows.window(session_at(1)).bytes, kWindow);
  EXPECT_EQ(windows.renew(kNow, session_at(0), 0).bytes, 0U);

  const SessionAttempt next{session_at(1), TaskId{6}, 1};
  windows.prefer(next, 64U << 20U);
  EXPECT_EQ(windows.take_due(kNow, 0), std::vector{session_at(1)}) << "the attempt is another one";
  EXPECT_EQ(windows.window(session_at(1)).only, next);
  windows.check_invariants();

  windows.prefer(std::nullopt, 64U << 20U);
  EXPECT_EQ(windows.renew(kNow, session_at(1), 0).bytes, 0U);
  windows.check_invariants();
}

TEST(OutputWindows, OfThePreferredSessionAreForAllItsAttemptsIfThereIsRoom) {
  OutputWindows windows = windows_for(2);
  windows.prefer(SessionAttempt{session_at(1), TaskId{5}, 1}, 64U << 20U);
  windows.take_due(kNow, kMuchRoom);
  EXPECT_EQ(windows.window(session_at(1)).bytes, kWindow);
  EXPECT_EQ(windows.window(session_at(1)).only, std::nullopt);
  EXPECT_TRUE(windows.renew(kNow, session_at(1), 0).only) << "there is no room any more";
  EXPECT_FALSE(windows.renew(kNow, session_at(1), kMuchRoom).only);
}

TEST(OutputWindows, KeepOneForThePreferredAttempt) {
  OutputWindows windows = windows_for(9, 4 * kWindow);
  EXPECT_EQ(windows.take_due(kNow, kMuchRoom).size(), 3U);
  windows.prefer(SessionAttempt{session_at(8), TaskId{5}, 1}, 64U << 20U);
  EXPECT_EQ(windows.take_due(kNow, kMuchRoom), std::vector{session_at(8)});
  windows.check_invariants();
}

/// Workers that obey their windows, behind a network that delays messages.
class RandomWorkers {
 public:
  static constexpr std::uint32_t kWorkers = 6;

  RandomWorkers(std::uint64_t seed, std::uint64_t limit, std::uint64_t spool)
      : rng_(seed), windows_(windows_for(kWorkers, limit)), spool_(spool), workers_(kWorkers) {
    for (Worker& worker : workers_) worker.backlog = rng_.below(40 * kWindow);
  }

  void step() {
    now_ += Duration(rng_.below(20'000'000));
    const auto w = static_cast<std::uint32_t>(rng_.below(kWorkers));
    Worker& worker = workers_[w];
    const std::uint64_t choice = rng_.below(8);
    if (choice < 3) send(worker);
    if (choice == 3) worker.sent.push_back({0, worker.window.number});
    if (choice >= 4 && choice < 6) turn(w);
    if (choice == 6 && !worker.acks.empty()) take_ack(worker);
    if (choice == 7) held_ -= std::min(held_, rng_.below(4 * kWindow));  // printed
    windows_.check_invariants();
    check(w);
  }

  bool is_done() const {
    return std::ranges::all_of(workers_, [](const Worker& worker) {
      return worker.backlog == 0 && worker.in_flight == 0;
    });
  }

 private:
  struct Message {
    std::uint64_t cost = 0;             ///< of a row; 0: a Heartbeat
    std::uint64_t window_received = 0;  ///< of a Heartbeat
  };
  struct SentAck {
    std::uint64_t answered = 0;
    SessionWindow window;
  };
  struct Worker {
    std::uint64_t backlog = 0;
    std::uint64_t in_flight = 0;  ///< sent and not taken, as far as it knows
    SessionWindow window;
    std::deque<Message> sent;
    std::deque<SentAck> acks;
  };

  std::uint64_t room() const { return spool_ - std::min(held_, spool_); }

  void send(Worker& worker) {
    const std::uint64_t cost = std::min(worker.backlog, 64 + rng_.below(kWindow - 64));
    if (cost == 0 || worker.in_flight + cost > worker.window.bytes) return;
    worker.backlog -= cost;
    worker.in_flight += cost;
    worker.sent.push_back({cost, 0});
  }

  /// The coordinator reads some messages of a worker, and answers.
  void turn(std::uint32_t w) {
    Worker& worker = workers_[w];
    std::uint64_t taken = 0;
    bool is_heard = false;
    for (std::uint64_t n = rng_.below(4); n > 0 && !worker.sent.empty(); --n) {
      const Message message = worker.sent.front();
      worker.sent.pop_front();
      if (message.cost == 0) windows_.received(session_at(w), message.window_received);
      if (message.cost > 0) windows_.arrived(now_, session_at(w), message.cost);
      taken += message.cost;
      held_ += message.cost;
      is_heard = true;
    }
    ASSERT_LE(held_, spool_) << "bytes arrived for which the spool has no room";
    if (is_heard) {
      worker.acks.push_back({taken, windows_.renew(now_, session_at(w), room(), taken)});
    }
    for (const SessionIndex session : windows_.take_due(now_, room())) {
      workers_[index(session)].acks.push_back({0, windows_.renew(now_, session, room())});
    }
  }

  static void take_ack(Worker& worker) {
    const SentAck ack = worker.acks.front();
    worker.acks.pop_front();
    worker.in_flight -= ack.answered;
    worker.window = ack.window;
  }

  /// What the worker may yet send counts as used.
  void check(std::uint32_t w) const {
    const Worker& worker = workers_[w];
    std::uint64_t arriving = 0;
    for (const Message& message : worker.sent) arriving += message.cost;
    std::uint64_t in_flight = worker.in_flight;
    std::uint64_t most = worker.window.bytes - std::min(worker.window.bytes, in_flight);
    for (const SentAck& ack : worker.acks) {
      in_flight -= ack.answered;
      most = std::max(most, ack.window.bytes - std::min(ack.window.bytes, in_flight));
    }
    ASSERT_LE(arriving + most, windows_.used(session_at(w)));
  }

  Rng rng_;
  OutputWindows windows_;
  std::uint64_t spool_;
  std::uint64_t held_ = 0;
  std::vector<Worker> workers_;
  Instant now_ = kNow;
};

TEST(OutputWindowsRandom, WorkersSendEverythingAndNeverTooMuch) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    const std::uint64_t limit = (2 + random_at(seed, 1) % 30) * kWindow;
    const std::uint64_t spool = (1 + random_at(seed, 2) % 30) * kWindow + 1;
    RandomWorkers random(seed, limit, spool);
    int steps = 0;
    for (; steps < 400'000 && !random.is_done() && !testing::Test::HasFailure(); ++steps) {
      random.step();
    }
    ASSERT_FALSE(testing::Test::HasFailure());
    ASSERT_TRUE(random.is_done()) << "a worker waits for ever";
  }
}

}  // namespace
}  // namespace rollcall::coordinator
