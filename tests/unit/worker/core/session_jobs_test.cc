// Jobs: which headers a session needs, and attempts of several kinds in one session.
#include "tests/support/session_fixture.h"

namespace rollcall::worker {
namespace {

class SessionJobsTest : public SessionTest {
 protected:
  static constexpr JobId kSleeps{1};
  static constexpr JobId kCommands{2};
  static constexpr JobId kQuickSleeps{3};  // they need no slot

  static Job sleeps() { return {kSleeps, KindId::sleep, /*needs_slot=*/true}; }
  static Job commands() { return {kCommands, KindId::exec, /*needs_slot=*/true, 5s, 7}; }
  static Job quick_sleeps() { return {kQuickSleeps, KindId::sleep, /*needs_slot=*/false}; }

  /// The i-th of these tasks is of the i-th of these jobs.
  static Assignment mixed(std::uint64_t number, std::initializer_list<std::uint32_t> tasks,
                          std::vector<JobId> of, std::vector<Job> headers) {
    Assignment made{number, attempts(tasks), std::move(headers)};
    made.attempts.job = std::move(of);
    return made;
  }
  /// Takes a start of these tasks of a job.
  void expect_start(JobId of, std::initializer_list<std::uint32_t> numbers) {
    const auto start = take<StartAttempts>();
    EXPECT_EQ(start.attempts.task, tasks(numbers));
    ASSERT_NE(start.job, nullptr);
    EXPECT_EQ(start.job->number, of);
  }
  /// The session ends with status 4 and this text.
  void expect_exit(const std::string& reason) {
    const auto exit = take<Exit>();
    EXPECT_EQ(exit.status, kExitNoCoordinator);
    EXPECT_EQ(exit.reason, reason);
  }
};

TEST_F(SessionJobsTest, EachAttemptStartsWithTheTermsOfItsJob) {
  join(9);
  receive(mixed(1, {0, 1, 2, 3}, {kSleeps, kCommands, kCommands, kSleeps}, {sleeps(), commands()}));
  expect_start(kSleeps, {0});
  const auto start = take<StartAttempts>();
  EXPECT_EQ(start.attempts.task, tasks({1, 2}));
  EXPECT_EQ(*start.job, commands());
  expect_start(kSleeps, {3});
  ASSERT_EQ(prepared.size(), 2U);
  EXPECT_EQ(prepared[0].kind, KindId::sleep);
  EXPECT_EQ(prepared[1].kind, KindId::exec);
}

TEST_F(SessionJobsTest, AJobKeepsItsHeaderWhileAssignmentsFollowEachOther) {
  join();
  receive(mixed(1, {0}, {kCommands}, {commands()}));
  expect_start(kCommands, {0});
  receive(mixed(2, {1}, {kCommands}, {}));
  expect_start(kCommands, {1});
  receive(mixed(3, {}, {}, {}));
  receive(mixed(4, {2, 3}, {kSleeps, kCommands}, {sleeps()}));
  expect_start(kSleeps, {2});
  expect_start(kCommands, {3});
}

TEST_F(SessionJobsTest, AWaitingAttemptKeepsTheHeaderThatItWasAssignedWith) {
  join(1);
  receive(mixed(1, {0, 1}, {kSleeps, kCommands}, {sleeps(), commands()}));
  expect_start(kSleeps, {0});
  Job other = commands();
  other.kill_after = 9s;
  receive(mixed(2, {2}, {kSleeps}, {}));
  receive(mixed(3, {3}, {kCommands}, {other}));
  end_attempts({0});
  EXPECT_EQ(take<StartAttempts>().job->kill_after, 5s);
  end_attempts({1});
  expect_start(kSleeps, {2});
  end_attempts({2});
  EXPECT_EQ(take<StartAttempts>().job->kill_after, 9s);
}

TEST_F(SessionJobsTest, EndsIfThereIsNoHeader) {
  join();
  receive(mixed(1, {0, 1}, {kSleeps, kCommands}, {sleeps()}));
  expect_exit("cannot run a task of job 2: the coordinator has sent no header of the job");
}

TEST_F(SessionJobsTest, EndsIfTheFirstAssignmentHasNoHeader) {
  join();
  receive(Assignment{1, attempts({0})});
  expect_exit("cannot run a task of job 1: the coordinator has sent no header of the job");
}

/// A coordinator of a later epoch sends the headers again.
TEST_F(SessionJobsTest, EndsIfTheHeaderIsOfAnEarlierEpoch) {
  join();
  run_all(1, {0});
  handle(Reconnected{});
  Header later = header();
  ++later.epoch;
  receive_as(later, welcome(sent<Hello>().nonce));
  take<Send>();
  receive_as(later, Assignment{2, attempts({1})});
  expect_exit("cannot run a task of job 1: the coordinator has sent no header of the job");
}

TEST_F(SessionJobsTest, EndsIfItDoesNotKnowTheKind) {
  join();
  receive(mixed(1, {0}, {kCommands}, {{kCommands, KindId{98}}}));
  expect_exit(
      "cannot run tasks of kind 99 (job 2), which this version of rollcall-worker does not know: "
      "use the coordinator's version");
  EXPECT_TRUE(prepared.empty());
}

TEST_F(SessionJobsTest, EndsIfItHasNotOfferedTheKind) {
  Identity sleeper{"host", "name", 42, 0, 2, 9};
  sleeper.kinds = runnable_kinds(/*command_slots=*/0);
  EXPECT_EQ(sleeper.kinds, all_kinds() & ~set_of(KindId::exec));
  session = Session(sleeper);
  join();
  receive(mixed(1, {0}, {kCommands}, {commands()}));
  expect_exit("cannot run tasks of kind exec (job 2), which this worker did not offer");
}

TEST_F(SessionJobsTest, AnAssignmentOutOfOrderIsNotLookedInto) {
  join();
  receive(Assignment{2, attempts({0})});
  end_turn();
  EXPECT_EQ(sent<Heartbeat>().assignments_received, 0U);
}

TEST_F(SessionJobsTest, OnlyAttemptsThatNeedASlotAreLimited) {
  join(1);
  receive(mixed(1, {0, 1, 2, 3, 4}, {kQuickSleeps, kSleeps, kQuickSleeps, kSleeps, kQuickSleeps},
                {sleeps(), quick_sleeps()}));
  expect_start(kQuickSleeps, {0});
  expect_start(kSleeps, {1});
  expect_start(kQuickSleeps, {2});
  end_attempts({0, 2});  // no slot is free
  EXPECT_EQ(session.waiting(), 2U) << "attempts start in order";
  end_attempts({1});
  expect_start(kSleeps, {3});
  expect_start(kQuickSleeps, {4});
  EXPECT_EQ(session.running(), 2U);
}

TEST_F(SessionJobsTest, ACommandAlwaysNeedsASlot) {
  join(1);
  Job unlimited = commands();
  unlimited.needs_slot = false;
  receive(mixed(1, {0, 1, 2, 3}, {kCommands, kCommands, kCommands, kCommands}, {unlimited}));
  expect_start(kCommands, {0, 1, 2});  // two wait in the executor
}

/// Commands that wait in the executor would run although sleeps take the slots.
TEST_F(SessionJobsTest, NothingIsStartedAheadWithSeveralKinds) {
  join(2);
  receive(mixed(1, {0, 1, 2}, {kSleeps, kCommands, kCommands}, {sleeps(), commands()}));
  expect_start(kSleeps, {0});
  expect_start(kCommands, {1});
  EXPECT_EQ(session.waiting(), 1U);
}

/// They were started while commands were the only kind.
TEST_F(SessionJobsTest, CommandsThatWaitInTheExecutorAreReturnedAlsoWithSeveralKinds) {
  join(1);
  receive(mixed(1, {0, 1, 2}, {kCommands, kCommands, kCommands}, {commands()}));
  expect_start(kCommands, {0, 1, 2});
  receive(mixed(2, {3}, {kSleeps}, {sleeps()}));
  receive(Revoke{2, 0});
  EXPECT_EQ(take<ReturnWaiting>().assignments_through, 2U);
  end_turn();
  EXPECT_EQ(sent<Report>().outcomes.task, tasks({3}));
}

/// The executor of commands has as many slots as the Welcome says.
TEST_F(SessionJobsTest, OtherSlotsInALaterEpochEndRunningCommands) {
  join(1);
  receive(mixed(1, {0, 1, 2, 3}, std::vector(4, kCommands), {commands()}));
  expect_start(kCommands, {0, 1, 2});
  handle(Reconnected{});
  Header later = header();
  ++later.epoch;
  Welcome terms = welcome(sent<Hello>().nonce, 2);
  terms.list_held = true;
  receive_as(later, terms);
  take<DropAttempts>();
  take<ListRunning>();
  handle(RunningListed{{}});
  const Action listed = take<Send>();
  const auto& inventory = std::get<Inventory>(std::get<Send>(listed).message->body);
  EXPECT_EQ(inventory.held.task, tasks({3}));
  EXPECT_EQ(inventory.begun, 0U);
  EXPECT_EQ(inventory.started_count, 3U);
  expect_start(kCommands, {3});
  EXPECT_EQ(session.running(), 1U);
  ASSERT_EQ(prepared.size(), 2U);
  EXPECT_EQ(prepared[1].slots, 2U);
}

// Cancels of single attempts.

TEST_F(SessionJobsTest, ACancelOfSingleAttemptsEndsWaitingAndRunningOnes) {
  join(2);
  receive(mixed(1, {0, 1, 2, 3}, {kSleeps, kCommands, kSleeps, kCommands}, {sleeps(), commands()}));
  expect_start(kSleeps, {0});
  expect_start(kCommands, {1});
  receive(Cancel{0, {tasks({1, 2, 9}), {1, 1, 1}}});
  EXPECT_EQ(take<CancelListed>().attempts.task, tasks({1, 2, 9}));
  end_turn();
  const auto report = sent<Report>();
  EXPECT_EQ(report.outcomes.task, tasks({2}));
  EXPECT_EQ(report.outcomes.outcome, std::vector(1, Outcome::cancelled));
  EXPECT_EQ(report.outcomes.elapsed[0], Duration::zero());
  EXPECT_EQ(report.started_count, 3U) << "all before its place have started";
  end_attempts({1}, Outcome::cancelled);
  expect_start(kCommands, {3});
  end_turn();
  EXPECT_EQ(sent<Report>().started_count, 4U);
}

TEST_F(SessionJobsTest, ACancelOfAnotherAttemptAtATaskHasNoEffect) {
  join(1);
  receive(mixed(1, {0, 1}, {kSleeps, kSleeps}, {sleeps()}));
  expect_start(kSleeps, {0});
  receive(Cancel{0, {tasks({1}), {2}}});
  take<CancelListed>();  // which the executor does not know
  end_attempts({0});
  expect_start(kSleeps, {1});
}

TEST_F(SessionJobsTest, ACancelOfASingleAttemptMayPrecedeItsAssignment) {
  join();
  receive(Cancel{0, {tasks({1}), {1}}});
  receive(mixed(1, {0, 1, 2}, {kSleeps, kSleeps, kSleeps}, {sleeps()}));
  expect_start(kSleeps, {0});
  expect_start(kSleeps, {2});
  end_turn();
  const auto report = sent<Report>();
  EXPECT_EQ(report.outcomes.task, tasks({1}));
  EXPECT_EQ(report.started_count, 3U);
}

/// Its place is listed among those that wait, as that of a returned attempt.
TEST_F(SessionJobsTest, ACancelledAttemptIsListedInItsPlace) {
  join(1);
  receive(mixed(1, {0, 1, 2}, {kSleeps, kSleeps, kSleeps}, {sleeps()}));
  expect_start(kSleeps, {0});
  receive(Cancel{0, {tasks({2}), {1}}});
  take<CancelListed>();
  end_turn();
  sent<Report>();
  handle(Reconnected{});
  Welcome terms = welcome(sent<Hello>().nonce, 1);
  terms.list_held = true;
  receive(terms);
  take<ListRunning>();
  handle(RunningListed{{tasks({0}), {1}}});
  auto listed = sent<Inventory>();
  EXPECT_EQ(listed.started_count, 1U);
  EXPECT_EQ(listed.begun, 1U);
  EXPECT_EQ(listed.held.task, tasks({0, 1, 2}));
  EXPECT_EQ(listed.held.attempt, (std::vector<Attempt>{1, 1, 1}));
  sent<Report>();
  receive(Ack{1, now});
  receive(terms);
  take<ListRunning>();
  handle(RunningListed{{tasks({0}), {1}}});
  listed = sent<Inventory>();
  EXPECT_EQ(listed.held.attempt, (std::vector<Attempt>{1, 1, 0})) << "it is acknowledged";
}

}  // namespace
}  // namespace rollcall::worker
