#include "coordinator/core/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr SessionIndex kLive{0};
constexpr SessionIndex kEnded{1};
constexpr SessionIndex kNew{2};

Inventory part(std::uint32_t list, std::uint32_t number, std::uint32_t task, bool is_last = false) {
  Inventory inventory;
  inventory.list = list;
  inventory.part = number;
  inventory.is_last_part = is_last;
  inventory.held.task.push_back(task_at(task));
  inventory.held.attempt.push_back(1);
  return inventory;
}

class RecoveryTest : public testing::Test {
 protected:
  RecoveryTest() {
    recovery.add_session(/*is_live=*/true);
    recovery.add_session(/*is_live=*/false);
  }
  Recovery recovery{/*task_count=*/10};
};

TEST_F(RecoveryTest, AwaitsTheInventoriesOfLiveSessions) {
  EXPECT_FALSE(recovery.is_complete());
  EXPECT_TRUE(recovery.awaits(kLive));
  EXPECT_FALSE(recovery.awaits(kEnded));
  EXPECT_FALSE(recovery.awaits(kNew)) << "a session of this epoch";
}

TEST_F(RecoveryTest, PartsMakeAList) {
  EXPECT_FALSE(recovery.collect(kLive, part(1, 0, 3)));
  EXPECT_FALSE(recovery.collect(kLive, part(1, 0, 3))) << "repeated";
  EXPECT_FALSE(recovery.collect(kLive, part(1, 2, 5, true))) << "a part is missing";
  const Inventory last = part(1, 1, 4, true);
  ASSERT_TRUE(recovery.collect(kLive, last));
  const auto listed = recovery.take_list(kLive, last);
  ASSERT_TRUE(listed);
  EXPECT_THAT(listed->held.task, ElementsAre(task_at(3), task_at(4)));
  EXPECT_FALSE(recovery.awaits(kLive));
  EXPECT_TRUE(recovery.is_complete());
  recovery.check_invariants();
}

TEST_F(RecoveryTest, AListedStreamIsThatOfItsPartsRow) {
  Inventory first = part(1, 0, 3);
  first.output = {{0}, {OutputStream::err}, {100}};
  recovery.collect(kLive, first);
  Inventory last = part(1, 1, 4, true);
  last.output = {{0, 7}, {OutputStream::out, OutputStream::out}, {5, 6}};
  recovery.collect(kLive, last);
  const auto listed = recovery.take_list(kLive, last);
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->output.size(), 2U) << "row 7 does not exist";
  EXPECT_EQ(listed->output[0].task, task_at(3));
  EXPECT_EQ(listed->output[0].stream, OutputStream::err);
  EXPECT_EQ(listed->output[0].durable, 100U);
  EXPECT_EQ(listed->output[1].task, task_at(4));
}

TEST_F(RecoveryTest, OfTwoListsTheLaterCounts) {
  recovery.collect(kLive, part(1, 0, 3));
  recovery.collect(kLive, part(2, 0, 7));
  EXPECT_FALSE(recovery.collect(kLive, part(1, 1, 4, true)));
  const Inventory last = part(2, 1, 8, true);
  ASSERT_TRUE(recovery.collect(kLive, last));
  EXPECT_THAT(recovery.take_list(kLive, last)->held.task, ElementsAre(task_at(7), task_at(8)));
}

TEST_F(RecoveryTest, AListThatContradictsItselfIsRefused) {
  Inventory inventory = part(1, 0, 3, true);
  inventory.begun = 2;  // of one
  inventory.started_count = 5;
  ASSERT_TRUE(recovery.collect(kLive, inventory));
  EXPECT_FALSE(recovery.take_list(kLive, inventory));
  EXPECT_TRUE(recovery.awaits(kLive));
}

TEST_F(RecoveryTest, AListThatIsTooLongIsRefused) {
  Inventory inventory = part(1, 0, 3);
  inventory.held.task.resize(11 + limits::inventory_ended);
  inventory.held.attempt.resize(inventory.held.task.size());
  ASSERT_TRUE(recovery.collect(kLive, inventory)) << "more parts are not waited for";
  EXPECT_FALSE(recovery.take_list(kLive, inventory));
}

TEST_F(RecoveryTest, ALostSessionIsNotWaitedFor) {
  recovery.session_ended(kLive);
  recovery.session_ended(kEnded);
  recovery.session_ended(kNew);
  EXPECT_TRUE(recovery.is_complete());
  EXPECT_TRUE(recovery.awaits(kLive)) << "its attempts are still unknown";
  recovery.check_invariants();
}

TEST_F(RecoveryTest, AnAdoptedLocalWorkerIsReplacedOnce) {
  EXPECT_FALSE(recovery.take_local(kLive));
  recovery.adopt_local(kLive);
  EXPECT_TRUE(recovery.take_local(kLive));
  EXPECT_FALSE(recovery.take_local(kLive));
  EXPECT_FALSE(recovery.take_local(kNew));
}

TEST_F(RecoveryTest, VanishedWorkersAreTakenOnce) {
  recovery.add_vanished(kLive);
  EXPECT_THAT(recovery.take_vanished(), ElementsAre(kLive));
  EXPECT_THAT(recovery.take_vanished(), IsEmpty());
}

}  // namespace
}  // namespace rollcall::coordinator
