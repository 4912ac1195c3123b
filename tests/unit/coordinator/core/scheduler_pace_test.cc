// --delay and --rate: when attempts are handed out.
#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

class SchedulerPaceTest : public SchedulerTest {
 protected:
  SchedulerPaceTest() {
    use_commands();
    policy.start_interval = 100ms;
    policy.prefetch = std::nullopt;
  }
  /// The assignments since the last call: "w1: 0".
  std::vector<std::string> assigned() {
    std::vector<std::string> assigned;
    for (const std::string& line : stage->take()) {
      const std::size_t at = line.find(" <- Assignment ");
      if (at == std::string::npos) continue;
      const std::size_t tasks = line.find(": ", at) + 2;
      assigned.push_back(line.substr(0, at) + ": " +
                         line.substr(tasks, line.find(' ', tasks) - tasks));
    }
    return assigned;
  }
};

TEST_F(SchedulerPaceTest, HandsOutOneAttemptAfterTheOther) {
  begin();
  join(1, /*slots=*/4);
  EXPECT_THAT(assigned(), testing::ElementsAre("w1: 0"));
  stage->at(99);
  EXPECT_THAT(assigned(), IsEmpty());
  stage->at(100);
  EXPECT_THAT(assigned(), testing::ElementsAre("w1: 1"));
  stage->at(199);
  EXPECT_THAT(assigned(), IsEmpty());
  stage->at(300);
  EXPECT_THAT(assigned(), testing::ElementsAre("w1: 2", "w1: 3"));
}

/// A free slot alone gets an attempt, so that it starts when it arrives.
TEST_F(SchedulerPaceTest, WaitsForAFreeSlotAndMakesUpForNothing) {
  begin();
  join(1, /*slots=*/1);
  EXPECT_THAT(assigned(), testing::ElementsAre("w1: 0"));
  stage->at(350);
  EXPECT_THAT(assigned(), IsEmpty());
  stage->report(1, 1, {{{0}}});
  EXPECT_THAT(assigned(), testing::ElementsAre("w1: 1")) << "it is late enough";
  stage->at(360);
  stage->report(1, 2, {{{1}}});
  EXPECT_THAT(assigned(), IsEmpty()) << "the pause before does not count";
  stage->at(449);
  EXPECT_THAT(assigned(), IsEmpty());
  stage->at(450);
  EXPECT_THAT(assigned(), testing::ElementsAre("w1: 2"));
}

TEST_F(SchedulerPaceTest, CountsTheStartsOfAllWorkersAndServesThemInTurns) {
  policy.wait_for_workers = 2;
  begin();
  join(1, /*slots=*/2);
  join(2, /*slots=*/2);
  stage->at(300);
  EXPECT_THAT(assigned(), testing::ElementsAre("w1: 0", "w2: 1", "w1: 2", "w2: 3"));
}

TEST_F(SchedulerPaceTest, ARetryIsAStart) {
  spec.task_count = 2;
  policy.retries = 1;
  policy.retry_delay = Duration::zero();
  begin();
  join(1, /*slots=*/4);
  EXPECT_THAT(assigned(), testing::ElementsAre("w1: 0"));
  stage->at(10);
  stage->report(1, 1, {{{0}, Outcome::failed}});
  EXPECT_THAT(assigned(), IsEmpty());
  stage->at(200);
  EXPECT_THAT(assigned(), testing::UnorderedElementsAre("w1: 0", "w1: 1"));
}

/// A deadline that has passed would make the event loop spin.
TEST_F(SchedulerPaceTest, DoesNotWakeUpForAWorkerWithoutAFreeSlot) {
  begin();
  join(1, /*slots=*/1);
  stage->heartbeat(1);
  stage->at(150);
  stage->ignore();
  EXPECT_GT(*stage->scheduler().next_deadline(), instant_from_ns(1'150'000'000));
}

TEST_F(SchedulerPaceTest, AStopEndsTheWaiting) {
  begin();
  join(1, /*slots=*/4);
  stage->stop();
  EXPECT_THAT(stage->take(), Contains("results: 1 cancelled, 2 cancelled, 3 cancelled"));
  stage->at(900);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Assignment "))));
}

}  // namespace
}  // namespace rollcall::coordinator
