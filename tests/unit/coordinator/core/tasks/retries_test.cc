#include "coordinator/core/tasks/retries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/limits.h"
#include "tests/support/times.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Retries, ATaskIsDueAfterADelayThatDoubles) {
  Retries retries;
  Duration delay = limits::retry_first;
  for (std::uint32_t failures = 1; failures <= 3; ++failures, delay *= 2) {
    retries.failed(kNow, task_at(7), failures);
    EXPECT_EQ(retries.next(), kNow + std::min(delay, limits::retry_longest));
  }
  retries.failed(kNow, task_at(7), 1'000);
  EXPECT_EQ(retries.next(), kNow + limits::retry_longest);
  EXPECT_EQ(retries.size(), 1U);
  retries.check_invariants();
}

TEST(Retries, TheFirstDelayMayBeChosen) {
  const auto delay = [](Duration first, std::uint32_t failures) {
    Retries retries(first);
    retries.failed(kNow, task_at(7), failures);
    return *retries.next() - kNow;
  };
  EXPECT_EQ(delay(0s, 1), 0s);
  EXPECT_EQ(delay(0s, 1'000), 0s);
  EXPECT_EQ(delay(7s, 1), 7s);
  EXPECT_EQ(delay(7s, 3), 28s);
  EXPECT_EQ(delay(7s, 1'000), limits::retry_longest);
  EXPECT_EQ(delay(1h, 1), 1h);
  EXPECT_EQ(delay(1h, 1'000), 1h);
}

TEST(Retries, DueTasksAreTakenOutTheEarliestFirst) {
  Retries retries;
  retries.failed(kNow + 1ns, task_at(1), 1);
  retries.failed(kNow, task_at(2), 1);
  EXPECT_THAT(retries.take_due(kNow), IsEmpty());
  EXPECT_THAT(retries.take_due(kNow + 1s + limits::retry_first),
              ElementsAre(task_at(2), task_at(1)));
  EXPECT_TRUE(retries.empty());
  EXPECT_FALSE(retries.next());
}

TEST(Retries, AForgottenTaskIsNotRetried) {
  Retries retries;
  retries.failed(kNow, task_at(1), 1);
  retries.failed(kNow, task_at(2), 1);
  retries.forget(task_at(1));
  retries.forget(task_at(3));
  EXPECT_FALSE(retries.contains(task_at(1)));
  EXPECT_TRUE(retries.contains(task_at(2)));
  retries.check_invariants();
  retries.clear();
  EXPECT_TRUE(retries.empty());
}

TEST(Retries, ASuspendedTaskIsNotDueAndWaitsAgainWhenItIsReturned) {
  Retries retries;
  retries.failed(kNow, task_at(1), 1);
  const Instant due = *retries.next();
  retries.suspend(task_at(1));
  EXPECT_EQ(retries.size(), 0U);
  EXPECT_FALSE(retries.empty());
  EXPECT_THAT(retries.take_due(due + 1s), IsEmpty());
  EXPECT_TRUE(retries.resume(due - 1ns, task_at(1)));
  EXPECT_EQ(retries.next(), due);
  retries.check_invariants();
  EXPECT_THAT(retries.take_due(due), ElementsAre(task_at(1)));
}

TEST(Retries, ASuspendedTaskDoesNotWaitIfItIsReturnedAfterItsTime) {
  Retries retries;
  retries.failed(kNow, task_at(1), 1);
  const Instant due = *retries.next();
  retries.suspend(task_at(1));
  EXPECT_FALSE(retries.resume(due, task_at(1)));
  EXPECT_TRUE(retries.empty());
  EXPECT_FALSE(retries.resume(due, task_at(2))) << "it never failed";
}

TEST(Retries, ASuspendedTaskThatIsDoneIsForgotten) {
  Retries retries;
  retries.failed(kNow, task_at(1), 1);
  retries.suspend(task_at(1));
  retries.forget(task_at(1));
  EXPECT_TRUE(retries.empty());
  retries.check_invariants();
}

}  // namespace
}  // namespace rollcall::coordinator
