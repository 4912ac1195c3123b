// A session whose coordinator takes output in chunks.
#include <gmock/gmock.h>

#include "tests/support/session_fixture.h"

namespace rollcall::worker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kRow = limits::output_row_bytes;

class SessionOutputTest : public SessionTest {
 protected:
  SessionOutputTest() { job = {kFirstJob, KindId::exec, true}; }

  Welcome terms(const Hello& hello, bool has_feature = true) const {
    Welcome made = welcome(hello.nonce, 1);
    made.features.set(kOutputInChunks, has_feature);
    made.window = {1U << 20U, 1, {}, 0};
    return made;
  }
  Hello join_with_output() {
    const Hello hello = begin();
    receive(terms(hello));
    sent<Inventory>();
    return hello;
  }
  void run_one() {
    receive(assignment(1, {7}));
    take<StartAttempts>();
    end_turn();
    EXPECT_EQ(sent<Heartbeat>().window_received, 1U);
  }
  void read(std::uint64_t bytes, bool has_ended = false) {
    const std::vector<OutputProgress> progress{{TaskId{7}, 1, {bytes, 0}, has_ended}};
    handle(OutputRead{progress});
  }
  void send_rows(std::uint64_t rows) {
    read(rows * kRow);
    EXPECT_EQ(take<SendOutput>().parts.size(), rows);
  }
  OutputAck ack(std::uint64_t taken, std::uint64_t durable) const {
    return {{TaskId{7}}, {1}, {OutputStream::out}, {taken}, {durable}, {}};
  }
  void end_with(std::uint64_t before) {
    OutcomeColumns ended;
    ended.push_back(TaskId{7}, 1, Outcome::succeeded, now, {}, {});
    ended.command.resize(1);
    ended.command[0].out_before = before;
    handle(AttemptsEnded{ended});
  }
  Inventory list_in(Epoch epoch, Welcome made, const HeldColumns& running) {
    made.list_held = true;
    receive_as({kProtocolVersion, run_, epoch, session.id()}, made);
    take<ListRunning>();
    handle(RunningListed{running});
    return std::get<Inventory>(take<Send>().message->body);
  }
};

TEST_F(SessionOutputTest, OffersTheFeatureAndPreparesForIt) {
  EXPECT_TRUE(join_with_output().features.test(kOutputInChunks));
  run_one();
  ASSERT_EQ(prepared.size(), 1U);
  EXPECT_TRUE(prepared[0].has_output_in_chunks);
}

TEST_F(SessionOutputTest, WithoutTheFeatureNothingIsInChunks) {
  const Hello hello = begin();
  receive(terms(hello, false));
  sent<Inventory>();
  receive(assignment(1, {7}));
  take<StartAttempts>();
  EXPECT_FALSE(prepared.at(0).has_output_in_chunks);
  read(10 * kRow);
  receive(ack(kRow, kRow));
  end_turn();
  sent<Heartbeat>();
}

TEST_F(SessionOutputTest, TheAttemptKeepsItsSlotUntilItsOutputIsDurable) {
  join_with_output();
  run_one();
  receive(assignment(2, {8}));  // waits
  take<StartAttempts>();        // ahead of a slot
  receive(assignment(3, {9, 10, 11}));
  take<StartAttempts>();
  send_rows(2);
  read(2 * kRow + 5, true);
  receive(ack(2 * kRow, kRow));
  take<ForgetOutput>();
  end_turn();
  sent<Heartbeat>();
  EXPECT_EQ(session.waiting(), 2U);
  receive(ack(2 * kRow, 2 * kRow));
  EXPECT_EQ(take<ForgetOutput>().streams.size(), 1U);
  EXPECT_THAT(take<ReleaseOutcomes>().attempts.task, ElementsAre(TaskId{7}));
  end_with(2 * kRow);
  take<StartAttempts>();
  end_turn();
  const auto report = sent<Report>();
  EXPECT_EQ(report.outcomes.command.at(0).out_before, 2 * kRow);
  EXPECT_EQ(report.window_received, 1U);
}

TEST_F(SessionOutputTest, AnAckBringsAWindow) {
  join_with_output();
  run_one();
  receive(Ack{0, instant_from_ns(1), {0, 2, {}, 0}});
  read(2 * kRow);
  receive(Ack{0, instant_from_ns(2), {2 * kRow + 128, 3, {}, 0}});
  EXPECT_EQ(take<SendOutput>().parts.size(), 2U);
  receive({OutputAck{{}, {}, {}, {}, {}, {8 * kRow, 4, {}, 0}}});
  now += 1s;
  handle(DeadlineReached{});
  EXPECT_EQ(sent<Heartbeat>().window_received, 4U);
}

TEST_F(SessionOutputTest, AfterAReconnectionOutputComesBeforeReports) {
  join_with_output();
  run_one();
  receive(assignment(2, {8}));
  take<StartAttempts>();
  send_rows(2);
  end_attempts({8});
  end_turn();
  sent<Report>();
  handle(Reconnected{});
  receive(terms(sent<Hello>()));
  sent<Inventory>();
  EXPECT_EQ(take<SendOutput>().parts.size(), 2U);
  sent<Report>();
}

TEST_F(SessionOutputTest, NothingIsSentBeforeTheWelcome) {
  join_with_output();
  run_one();
  handle(Reconnected{});
  const Hello hello = sent<Hello>();
  read(2 * kRow);
  receive(terms(hello));
  sent<Inventory>();
  EXPECT_EQ(take<SendOutput>().parts.size(), 2U);
}

TEST_F(SessionOutputTest, ANewCoordinatorGetsWhatIsNotDurable) {
  join_with_output();
  run_one();
  send_rows(2);
  receive(ack(2 * kRow, 100));
  take<ForgetOutput>();
  handle(Reconnected{});
  const Inventory inventory = list_in(kEpoch + 1, terms(sent<Hello>()), {tasks({7}), {1}});
  EXPECT_THAT(inventory.output.row, ElementsAre(0));
  EXPECT_THAT(inventory.output.from, ElementsAre(100));
  const auto again = take<SendOutput>();
  ASSERT_EQ(again.parts.size(), 2U);
  EXPECT_EQ(again.parts[0].offset, 100U);
  EXPECT_EQ(again.parts[1].offset + again.parts[1].size, 2 * kRow);
}

TEST_F(SessionOutputTest, ListsTheOutputOfReportsThatAreNotAcknowledged) {
  join_with_output();
  run_one();
  send_rows(1);
  end_with(kRow);
  end_turn();
  sent<Report>();
  handle(Reconnected{});
  const Inventory inventory = list_in(kEpoch + 1, terms(sent<Hello>()), {});
  EXPECT_THAT(inventory.held.task, ElementsAre(TaskId{7}));
  EXPECT_THAT(inventory.output.from, ElementsAre(kRow));
  take<Send>();  // the Report
}

TEST_F(SessionOutputTest, ACoordinatorWithoutTheFeatureDoesNotGetTheAttempts) {
  join_with_output();
  run_one();
  send_rows(1);
  handle(Reconnected{});
  Welcome older = terms(sent<Hello>(), false);
  older.list_held = true;
  receive_as({kProtocolVersion, run_, kEpoch + 1, session.id()}, older);
  take<DropAttempts>();
  take<ListRunning>();
  handle(RunningListed{{}});
  EXPECT_EQ(std::get<Inventory>(take<Send>().message->body).held.size(), 0U);
}

TEST_F(SessionOutputTest, OutputIsSentAgainIfItIsNotTaken) {
  join_with_output();
  run_one();
  send_rows(1);
  now += 1ns;
  receive(Ack{0, instant_from_ns(1), {}});
  now += 2s;
  handle(DeadlineReached{});
  sent<Heartbeat>();
  EXPECT_EQ(take<SendOutput>().parts.size(), 1U);
}

TEST_F(SessionOutputTest, AWorkerThatLeavesReturnsAttemptsWhoseOutputIsNotDurable) {
  join_with_output();
  run_one();
  send_rows(1);
  read(kRow, true);
  receive(Drain{DrainMode::return_running});
  take<DropAttempts>();
  EXPECT_EQ(sent<Goodbye>().outcomes_sent, 0U);
  take<Exit>();
}

TEST_F(SessionOutputTest, ADrainWaitsForTheOutput) {
  join_with_output();
  run_one();
  send_rows(1);
  read(kRow, true);
  receive(Drain{});
  take<ReturnWaiting>();
  end_turn();
  EXPECT_TRUE(sent<Heartbeat>().draining);
  receive(ack(kRow, kRow));
  take<ForgetOutput>();
  take<ReleaseOutcomes>();
  end_with(kRow);
  end_turn();
  sent<Report>();
  receive(Ack{1, {}, {}});
  sent<Goodbye>();
  take<Exit>();
}

}  // namespace
}  // namespace rollcall::worker
