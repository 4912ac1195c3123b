#include "worker/core/sleep_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "common/base/rng.h"
#include "common/limits.h"

namespace rollcall::worker {
namespace {

using namespace std::chrono_literals;

Instant at(Duration t) {
  return instant_from_ns(7'000'000'000'000) + t;
}

AttemptColumns sleeps(const std::vector<std::pair<std::uint32_t, Duration>>& pauses) {
  AttemptColumns made;
  for (const auto& [task, pause] : pauses) {
    made.task.push_back(TaskId{task});
    made.attempt.push_back(static_cast<Attempt>(task % 5 + 1));
    made.pause.push_back(pause);
  }
  return made;
}

std::vector<std::uint32_t> tasks(const OutcomeColumns& ended) {
  std::vector<std::uint32_t> numbers;
  for (const TaskId task : ended.task) numbers.push_back(static_cast<std::uint32_t>(task));
  return numbers;
}

using Numbers = std::vector<std::uint32_t>;

TEST(SleepQueue, EndsASleepWhenDueAndNotBefore) {
  SleepQueue queue;
  queue.start(at(0s), 1, sleeps({{4, 10ms}}));
  EXPECT_EQ(queue.next_due(), at(10ms));
  OutcomeColumns ended;
  queue.take_due(at(10ms) - 1ns, ended);
  EXPECT_EQ(ended.size(), 0U);
  queue.take_due(at(10ms) + 3ns, ended);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended.task[0], TaskId{4});
  EXPECT_EQ(ended.attempt[0], 5);
  EXPECT_EQ(ended.outcome[0], Outcome::succeeded);
  EXPECT_EQ(ended.started[0], at(0s));
  EXPECT_EQ(ended.elapsed[0], 10ms + 3ns);
  EXPECT_EQ(ended.result[0], 10ms);
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_FALSE(queue.next_due().has_value());
}

TEST(SleepQueue, EndsNoMoreThanRequested) {
  SleepQueue queue;
  queue.start(at(0s), 1, sleeps({{1, 3ms}, {2, 3ms}, {3, 3ms}, {4, 9ms}}));
  OutcomeColumns ended;
  queue.take_due(at(5ms), ended, 2);
  EXPECT_EQ(tasks(ended), (Numbers{1, 2}));
  queue.take_due(at(5ms), ended, 2);
  EXPECT_EQ(tasks(ended), (Numbers{1, 2, 3}));
  EXPECT_EQ(queue.size(), 1U);
}

TEST(SleepQueue, EndsInOrderOfDueTimeThenTask) {
  SleepQueue queue;
  queue.start(at(0s), 1, sleeps({{9, 3ms}, {2, 3ms}, {5, 1ms}}));
  queue.start(at(1ms), 2, sleeps({{1, 2ms}, {7, 0s}, {3, 0s}}));
  queue.start(at(1ms), 3, sleeps({{4, 0s}}));
  OutcomeColumns ended;
  queue.take_due(at(3ms), ended);
  EXPECT_EQ(tasks(ended), (Numbers{3, 4, 5, 7, 1, 2, 9}));
}

TEST(SleepQueue, ASleepOfZeroIsDueImmediately) {
  SleepQueue queue;
  queue.start(at(5s), 1, sleeps({{1, 0s}}));
  EXPECT_EQ(queue.next_due(), at(5s));
  EXPECT_EQ(queue.next_wake(at(5s)), at(5s));
  OutcomeColumns ended;
  queue.take_due(at(5s), ended);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended.elapsed[0], 0s);
}

TEST(SleepQueue, StoresTheLongestDurationExactly) {
  SleepQueue queue;
  const Duration longest = limits::longest_duration;
  queue.start(at(0s), 1, sleeps({{1, 1ns}, {2, longest - 1ns}}));
  OutcomeColumns ended;
  queue.take_due(at(longest - 2ns), ended);
  queue.start(at(longest - 2ns), 2, sleeps({{3, longest}}));
  queue.take_due(at(longest), ended);
  EXPECT_EQ(tasks(ended), (Numbers{1, 2}));
  EXPECT_EQ(ended.started[1], at(0s));
  EXPECT_EQ(ended.result[1], longest - 1ns);
  EXPECT_EQ(queue.next_due(), at(2 * longest - 2ns));
}

TEST(SleepQueue, CancelsAssignmentsUpToANumber) {
  SleepQueue queue;
  queue.start(at(0s), 0xfffe, sleeps({{1, 9ms}, {2, 0s}}));
  queue.start(at(0s), 0x10000, sleeps({{3, 5ms}}));
  queue.start(at(0s), 0x10001, sleeps({{4, 1ms}, {5, 0s}}));
  OutcomeColumns ended;
  queue.cancel(at(1ms), 0x10000, ended);
  EXPECT_EQ(tasks(ended), (Numbers{2, 3, 1}));
  EXPECT_EQ(ended.outcome, std::vector(3, Outcome::cancelled));
  EXPECT_EQ(ended.elapsed, std::vector(3, Duration(1ms)));
  EXPECT_EQ(ended.result, std::vector(3, Duration(0)));
  ended.clear();
  queue.take_due(at(1ms), ended);
  EXPECT_EQ(tasks(ended), (Numbers{5, 4}));
}

TEST(SleepQueue, DropsEverything) {
  SleepQueue queue;
  queue.start(at(0s), 1, sleeps({{1, 9ms}, {2, 0s}}));
  queue.clear();
  OutcomeColumns ended;
  queue.take_due(at(1s), ended);
  EXPECT_EQ(ended.size(), 0U);
}

TEST(SleepQueue, WakesOnTimeUnderLightLoad) {
  SleepQueue queue;
  OutcomeColumns ended;
  for (std::uint32_t i = 0; i < 5'000; ++i) queue.start(at(0s), 1, sleeps({{i, 1ms * i}}));
  for (int i = 0; i < 100; ++i) {
    queue.take_due(at(1ms * i), ended);
    EXPECT_EQ(queue.next_wake(at(1ms * i)), at(1ms * (i + 1)));
  }
}

TEST(SleepQueue, SharesWakeUpsUnderLoad) {
  SleepQueue queue;
  OutcomeColumns ended;
  for (std::uint32_t i = 0; i < 10'000; ++i) queue.start(at(0s), 1, sleeps({{i, 10us * i}}));
  queue.take_due(at(30ms), ended);
  EXPECT_EQ(ended.size(), 3'001U);
  EXPECT_EQ(queue.next_wake(at(30ms)), at(30ms + SleepQueue::kSlack));
  queue.take_due(at(90ms), ended);  // fewer are left than it takes
  EXPECT_EQ(queue.next_wake(at(90ms)), queue.next_due());
}

TEST(SleepQueue, WakesOnTimeAgainAfterTheLoad) {
  SleepQueue queue;
  OutcomeColumns ended;
  for (std::uint32_t i = 0; i < 10'000; ++i) queue.start(at(0s), 1, sleeps({{i, 10us * i}}));
  const Duration pause = 9s + 100us;
  for (std::uint32_t i = 0; i < 5'000; ++i) queue.start(at(0s), 1, sleeps({{i, pause}}));
  queue.take_due(at(200ms), ended);
  queue.take_due(at(9s), ended);
  EXPECT_EQ(queue.next_wake(at(9s)), at(pause));
}

/// The behaviour of SleepQueue, implemented as simply as possible.
class NaiveQueue {
 public:
  struct Sleep {
    Instant due;
    TaskId task;
    Attempt attempt;
    Duration pause;
    std::uint64_t assignment;
    bool operator<(const Sleep& o) const { return std::tie(due, task) < std::tie(o.due, o.task); }
  };

  void start(Instant now, std::uint64_t assignment, const AttemptColumns& columns) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      sleeps_.push_back({now + columns.pause[i], columns.task[i], columns.attempt[i],
                         columns.pause[i], assignment});
    }
    std::sort(sleeps_.begin(), sleeps_.end());
  }
  void end(Instant now, std::uint64_t through, Outcome outcome, OutcomeColumns& out) {
    std::vector<Sleep> kept;
    for (const Sleep& s : sleeps_) {
      const bool ends = outcome == Outcome::succeeded ? s.due <= now : s.assignment <= through;
      if (!ends) {
        kept.push_back(s);
        continue;
      }
      const Instant started = s.due - s.pause;
      out.push_back(s.task, s.attempt, outcome, started, now - started,
                    outcome == Outcome::succeeded ? s.pause : 0s);
    }
    sleeps_ = std::move(kept);
  }
  std::size_t size() const { return sleeps_.size(); }
  std::optional<Instant> next_due() const {
    return sleeps_.empty() ? std::nullopt : std::optional(sleeps_.front().due);
  }

 private:
  std::vector<Sleep> sleeps_;
};

void expect_same(const OutcomeColumns& a, const OutcomeColumns& b) {
  EXPECT_EQ(a.task, b.task);
  EXPECT_EQ(a.attempt, b.attempt);
  EXPECT_EQ(a.outcome, b.outcome);
  EXPECT_EQ(a.started, b.started);
  EXPECT_EQ(a.elapsed, b.elapsed);
  EXPECT_EQ(a.result, b.result);
}

void compare_with_naive(std::uint64_t seed) {
  Rng rng(seed);
  SleepQueue queue;
  NaiveQueue naive;
  Instant now = at(0s);
  std::uint32_t task = 0;
  std::uint64_t assignment = 0;
  for (int step = 0; step < 400; ++step) {
    now += Duration(static_cast<std::int64_t>(rng.below(20)));
    const std::uint64_t what = rng.below(20);
    OutcomeColumns ours;
    OutcomeColumns theirs;
    if (what < 10) {
      std::vector<std::pair<std::uint32_t, Duration>> pauses;
      const std::uint64_t count = rng.below(12);
      for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t pause = rng.below(3) == 0 ? 0 : rng.below(60);
        pauses.emplace_back(task++ ^ 5U, Duration(static_cast<std::int64_t>(pause)));
      }
      assignment += 1 + rng.below(40'000);
      queue.start(now, assignment, sleeps(pauses));
      naive.start(now, assignment, sleeps(pauses));
    } else if (what < 19) {
      queue.take_due(now, ours);
      naive.end(now, 0, Outcome::succeeded, theirs);
    } else {
      const std::uint64_t through = assignment - std::min(assignment, rng.below(60'000));
      queue.cancel(now, through, ours);
      naive.end(now, through, Outcome::cancelled, theirs);
    }
    expect_same(ours, theirs);
    ASSERT_EQ(queue.size(), naive.size());
    ASSERT_EQ(queue.next_due(), naive.next_due());
  }
}

TEST(SleepQueue, AgreesWithANaiveImplementation) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    compare_with_naive(seed);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace rollcall::worker
