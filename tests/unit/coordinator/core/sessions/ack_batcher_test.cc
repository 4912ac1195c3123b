#include "coordinator/core/sessions/ack_batcher.h"

#include "tests/support/times.h"

#include <gtest/gtest.h>

#include <vector>

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;

constexpr SessionIndex kFirst{0};
constexpr SessionIndex kSecond{1};

/// The numbers of the Acks due at `now`, by session.
std::vector<std::uint64_t> take(AckBatcher& acks, Instant now) {
  std::vector<std::uint64_t> reports;
  for (const DueAck& ack : acks.take(now)) reports.push_back(ack.reports);
  acks.check_invariants();
  return reports;
}

class AckBatcherTest : public testing::Test {
 protected:
  AckBatcherTest() {
    acks.add_session();
    acks.add_session(/*durable=*/7);
  }
  /// Reports up to the rate above which further Acks wait.
  void make_busy() {
    for (std::uint64_t n = 1; n <= limits::busy_reports + 1; ++n) {
      acks.reports_durable(kNow, kSecond, 7 + n, /*is_urgent=*/true);
    }
    acks.take(kNow);
  }
  AckBatcher acks;
};

TEST_F(AckBatcherTest, ADurableReportIsAcknowledgedOnce) {
  acks.reports_durable(kNow, kFirst, 1, false);
  acks.reports_durable(kNow, kFirst, 2, false);
  EXPECT_EQ(take(acks, kNow), std::vector<std::uint64_t>{2});
  EXPECT_TRUE(take(acks, kNow).empty());
}

TEST_F(AckBatcherTest, NoNewsIsNotAcknowledged) {
  acks.reports_durable(kNow, kSecond, 7, false);
  EXPECT_TRUE(take(acks, kNow).empty());
}

TEST_F(AckBatcherTest, ARequestedAckNamesTheDurableReports) {
  acks.acknowledge(kSecond);
  acks.acknowledge(kSecond);
  EXPECT_EQ(take(acks, kNow), std::vector<std::uint64_t>{7});
}

TEST_F(AckBatcherTest, UnderLoadAnAckWaitsForOthers) {
  make_busy();
  acks.reports_durable(kNow, kFirst, 1, false);  // the first that may wait
  take(acks, kNow);
  acks.reports_durable(kNow, kFirst, 2, false);
  acks.reports_durable(kNow, kFirst, 3, false);
  EXPECT_TRUE(take(acks, kNow).empty());
  ASSERT_TRUE(acks.deadline());
  EXPECT_LE(*acks.deadline(), kNow + limits::ack_wait);
  EXPECT_EQ(take(acks, *acks.deadline()), std::vector<std::uint64_t>{3});
  EXPECT_FALSE(acks.deadline());
}

TEST_F(AckBatcherTest, AnUrgentAckDoesNotWait) {
  make_busy();
  acks.reports_durable(kNow, kFirst, 1, /*is_urgent=*/true);
  EXPECT_EQ(take(acks, kNow), std::vector<std::uint64_t>{1});
}

TEST_F(AckBatcherTest, ManyReportsOfOneSessionDoNotWait) {
  make_busy();
  acks.reports_durable(kNow, kFirst, limits::reports_per_ack, false);
  EXPECT_EQ(take(acks, kNow), std::vector<std::uint64_t>{limits::reports_per_ack});
}

}  // namespace
}  // namespace rollcall::coordinator
