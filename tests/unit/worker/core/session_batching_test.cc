// Outcomes wait for others, only under load and only for a short time.
#include "common/limits.h"
#include "tests/support/session_fixture.h"

namespace rollcall::worker {
namespace {

class BatchingTest : public SessionTest {
 protected:
  static_assert(limits::busy_running > limits::busy_outcomes);
  static constexpr auto kMany = static_cast<std::uint32_t>(limits::busy_running);

  /// `count` attempts run.
  void start(std::uint32_t count) {
    Assignment all{1, {}, {job}};
    for (std::uint32_t task = 0; task < count; ++task) {
      all.attempts.task.push_back(TaskId{task});
      all.attempts.attempt.push_back(1);
      all.attempts.pause.push_back(1s);
    }
    receive(all);
    take<StartAttempts>();
    end_turn();
    sent<Heartbeat>();
  }
  /// The next `count` of them end, in one turn.
  void end(std::uint32_t count) {
    OutcomeColumns ended;
    for (std::uint32_t i = 0; i < count; ++i, ++next_) {
      ended.push_back(TaskId{next_}, 1, Outcome::succeeded, now, 1s, 1s);
    }
    handle(AttemptsEnded{ended});
    end_turn();
  }

 private:
  std::uint32_t next_ = 0;
};

TEST_F(BatchingTest, OutcomesLeaveAtOnceUnderLightLoad) {
  join();
  start(3 * kMany);
  end(1);
  EXPECT_EQ(sent<Report>().outcomes.size(), 1U);
}

TEST_F(BatchingTest, UnderLoadOutcomesLeaveTogether) {
  join();
  start(3 * kMany);
  end(kMany + 1);
  EXPECT_EQ(*session.next_deadline(), now + limits::report_wait);
  now += limits::report_wait / 2;
  end(5);
  pass_to_deadline();
  EXPECT_EQ(sent<Report>().outcomes.size(), kMany + 6);
  end_turn();
}

TEST_F(BatchingTest, ALateTurnTakesThemAlong) {
  join();
  start(3 * kMany);
  end(kMany + 1);
  now += limits::report_wait;
  end(1);
  EXPECT_EQ(sent<Report>().outcomes.size(), kMany + 2);
}

TEST_F(BatchingTest, NothingWaitsWhenLittleIsLeftToEnd) {
  join();
  start(2 * kMany);
  end(kMany + 1);
  EXPECT_EQ(sent<Report>().outcomes.size(), kMany + 1);
}

TEST_F(BatchingTest, NothingWaitsWithLimitedSlots) {
  join(3 * kMany);
  start(3 * kMany);
  end(kMany + 1);
  EXPECT_EQ(sent<Report>().outcomes.size(), kMany + 1);
}

TEST_F(BatchingTest, NewsTakesThemAlong) {
  join();
  start(3 * kMany);
  end(kMany + 1);
  receive(assignment(2, {9'000}));
  take<StartAttempts>();
  end_turn();
  const auto report = sent<Report>();
  EXPECT_EQ(report.outcomes.size(), kMany + 1);
  EXPECT_EQ(report.assignments_received, 2U);
}

TEST_F(BatchingTest, AReconnectionPreservesWaitingOutcomes) {
  join();
  start(3 * kMany);
  end(kMany + 1);
  handle(Reconnected{});
  const Hello hello = sent<Hello>();
  receive(welcome(hello.nonce));
  sent<Inventory>();
  end_turn();
  pass_to_deadline();
  EXPECT_EQ(sent<Report>().outcomes.size(), kMany + 1);
}

class CommandBatchingTest : public SessionTest {
 protected:
  /// Of `count` commands the first four start: two have slots, and two are queued in the executor.
  void start(std::uint32_t count) {
    join(2);
    job.kind = KindId::exec;
    Assignment all{1, {}, {job}};
    for (std::uint32_t task = 0; task < count; ++task) {
      all.attempts.task.push_back(TaskId{task});
      all.attempts.attempt.push_back(1);
      all.attempts.pause.push_back({});
      all.attempts.command.push_back({{"true"}, {}, "", "", {}});
    }
    receive(all);
    EXPECT_EQ(take<StartAttempts>().attempts.size(), 4U);
    end_turn();
    sent<Heartbeat>();
  }
  /// The next one ends, and another takes its place.
  void end_one() {
    OutcomeColumns ended;
    ended.push_back(TaskId{next_++}, 1, Outcome::succeeded, now, 1ms, {});
    handle(AttemptsEnded{ended});
    EXPECT_EQ(take<StartAttempts>().attempts.size(), 1U);
    end_turn();
  }

 private:
  std::uint32_t next_ = 0;
};

TEST_F(CommandBatchingTest, OutcomesLeaveAtOnceUnderLightLoad) {
  start(100);
  for (std::size_t i = 0; i < limits::busy_commands; ++i) {
    end_one();
    EXPECT_EQ(sent<Report>().outcomes.size(), 1U);
  }
}

TEST_F(CommandBatchingTest, UnderLoadOutcomesWaitWhileTheBacklogIsLong) {
  start(100);
  for (std::size_t i = 0; i < limits::busy_commands; ++i) {
    end_one();
    sent<Report>();
  }
  end_one();
  end_one();
  EXPECT_EQ(*session.next_deadline(), now + limits::command_report_wait);
  pass_to_deadline();
  const Report report = sent<Report>();
  EXPECT_EQ(report.outcomes.size(), 2U);
  EXPECT_EQ(report.started_count, 4 + limits::busy_commands + 2);
}

TEST_F(CommandBatchingTest, NothingWaitsWhenTheBacklogIsShort) {
  start(static_cast<std::uint32_t>(limits::busy_commands) + 6);
  for (std::size_t i = 0; i < limits::busy_commands; ++i) {
    end_one();
    sent<Report>();
  }
  end_one();  // leaves one that has not begun
  EXPECT_EQ(sent<Report>().outcomes.size(), 1U);
}

}  // namespace
}  // namespace rollcall::worker
