#include "coordinator/core/tasks/dealer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// Two sessions with two slots each, and tasks of one second.
class DealerTest : public testing::Test {
 protected:
  DealerTest() {
    for (Receiver& session : sessions) {
      session.is_active = session.may_receive = session.may_be_revoked = true;
      session.slots = 2;
    }
    start(8, /*prefetch=*/0);
  }
  void start(std::uint32_t tasks, std::optional<std::uint32_t> prefetch) {
    RunSpec spec;
    spec.task_count = tasks;
    spec.pause_min = spec.pause_max = 1s;
    dealer = Dealer(spec, prefetch, /*assignment_attempts=*/100);
    pending = tasks;
  }
  Load load() const { return {pending, pending + sessions[0].held + sessions[1].held, 2, 4}; }
  void make_ready(std::uint32_t s) { dealer.make_ready(SessionIndex{s}, sessions[s], load()); }
  /// Batches as "session:attempts", in the order in which they were assigned.
  std::vector<std::string> deal() {
    std::vector<std::string> dealt;
    Dealer::Table table;
    table.receiver = [&](SessionIndex s) { return sessions[index(s)]; };
    table.is_pending = [](TaskId) { return true; };
    table.assign = [&](SessionIndex s, const Batch& batch, std::uint64_t) {
      sessions[index(s)].held += batch.count;
      pending -= batch.count;
      dealt.push_back(std::to_string(index(s)) + ":" + std::to_string(batch.count));
    };
    dealer.deal(load(), table);
    dealer.check_invariants();
    return dealt;
  }
  std::optional<Dealer::Surplus> find_surplus() {
    return dealer.find_surplus(load(), 2, [&](SessionIndex s) { return sessions[index(s)]; });
  }

  Receiver sessions[2];
  std::size_t pending = 0;
  Dealer dealer{RunSpec(), 0, 100};
};

TEST_F(DealerTest, OnlyReadySessionsAreDealtTo) {
  EXPECT_THAT(deal(), IsEmpty());
  make_ready(1);
  EXPECT_THAT(deal(), ElementsAre("1:2"));
}

/// Also of tasks that could be interleaved, as those of a resumed run.
TEST_F(DealerTest, NoMoreIsDealtThanWaits) {
  dealer.keep_only([](TaskId) { return true; });
  pending = 1;
  make_ready(0);
  make_ready(1);
  EXPECT_THAT(deal(), ElementsAre("0:1"));
}

TEST_F(DealerTest, ASessionGetsNoMoreThanItsCredit) {
  start(8, /*prefetch=*/1);
  make_ready(0);
  make_ready(1);
  EXPECT_THAT(deal(), ElementsAre("0:3", "1:3"));
  make_ready(0);
  EXPECT_THAT(deal(), IsEmpty());
}

TEST_F(DealerTest, TheLongestTasksDoNotAllGoToOneSession) {
  RunSpec spec;
  spec.task_count = 100;
  spec.pause_min = 1s;
  spec.pause_max = 10s;
  spec.seed = 3;
  dealer = Dealer(spec, /*prefetch=*/0, /*assignment_attempts=*/100);
  pending = spec.task_count;
  for (Receiver& session : sessions) session.slots = 10;
  sessions[1].slots = 4;
  std::vector<std::size_t> count(2);
  make_ready(0);
  make_ready(1);
  Dealer::Table table;
  table.receiver = [&](SessionIndex s) { return sessions[index(s)]; };
  table.is_pending = [](TaskId) { return true; };
  std::vector<TaskId> second;
  table.assign = [&](SessionIndex s, const Batch& batch, std::uint64_t) {
    sessions[index(s)].held += batch.count;
    count[index(s)] += batch.count;
    for (std::uint32_t i = 0; i < batch.count; ++i) {
      if (index(s) == 1) second.push_back(batch.at(i));
    }
  };
  dealer.deal(load(), table);
  EXPECT_THAT(count, ElementsAre(10U, 4U)) << "each as many as it has slots";
  Backlog backlog(spec);
  const Batch order = backlog.take(8, [](TaskId) { return true; });
  EXPECT_THAT(second, ElementsAre(order.at(1), order.at(3), order.at(5), order.at(7)));
}

TEST_F(DealerTest, TheFirstBatchesAreSmallSoThatNoSessionWaitsForItsLongestTasks) {
  RunSpec spec;
  spec.task_count = 2 * (256 + 4000);
  spec.pause_min = 1s;
  spec.pause_max = 10s;
  dealer = Dealer(spec, std::nullopt, /*assignment_attempts=*/4000);
  pending = spec.task_count;
  sessions[0].slots = sessions[1].slots = 0;
  make_ready(0);
  make_ready(1);
  EXPECT_THAT(deal(), ElementsAre("0:256", "1:256", "0:4000", "1:4000"));
}

TEST_F(DealerTest, FewTasksAreShared) {
  start(3, /*prefetch=*/5);
  make_ready(0);
  make_ready(1);
  EXPECT_THAT(deal(), ElementsAre("0:2", "1:1"));
}

TEST_F(DealerTest, TasksThatWouldWaitElsewhereAreNotSentAhead) {
  start(6, std::nullopt);
  sessions[0].prefetch = sessions[1].prefetch = 100;
  make_ready(0);
  EXPECT_THAT(deal(), ElementsAre("0:3")) << "six tasks, four slots: one each is ahead";
}

TEST_F(DealerTest, ASessionThatMayNotReceiveIsSkipped) {
  make_ready(0);
  make_ready(1);
  sessions[0].may_receive = false;
  EXPECT_THAT(deal(), ElementsAre("1:2"));
}

TEST_F(DealerTest, ReturnedTasksGoFirst) {
  make_ready(0);
  deal();
  dealer.put_back({task_at(1)});
  ++pending;
  make_ready(1);
  EXPECT_THAT(deal(), ElementsAre("1:1", "1:1"));
}

TEST_F(DealerTest, HalfOfTheWaitingAttemptsAreRevokedForFreeSlots) {
  start(6, /*prefetch=*/4);
  make_ready(0);
  EXPECT_FALSE(find_surplus()) << "tasks are left to deal";
  EXPECT_THAT(deal(), ElementsAre("0:3", "0:3"));
  const auto surplus = find_surplus();
  ASSERT_TRUE(surplus);
  EXPECT_EQ(surplus->session, SessionIndex{0});
  EXPECT_EQ(surplus->count, 2U);
}

TEST_F(DealerTest, NothingIsRevokedTwiceAtATime) {
  start(6, /*prefetch=*/4);
  make_ready(0);
  deal();
  sessions[0].may_be_revoked = false;
  EXPECT_FALSE(find_surplus());
}

TEST_F(DealerTest, NothingIsRevokedWithoutAFreeSlot) {
  start(8, /*prefetch=*/4);
  make_ready(0);
  make_ready(1);
  deal();
  EXPECT_FALSE(find_surplus());
}

TEST_F(DealerTest, RevokedAttemptsGoToFreeSlots) {
  start(4, /*prefetch=*/4);
  sessions[0].held = 4;  // ready, but its slots are taken
  make_ready(0);
  make_ready(1);
  dealer.note_revocation();
  EXPECT_EQ(deal().front(), "1:2");
}

}  // namespace
}  // namespace rollcall::coordinator
