// Many short runs, each stopped at a random moment in a random way: none leaves a process. With
// ROLLCALL_LONG_TESTS there are ten times as many, and a run of a million tasks.
#include <gmock/gmock.h>
#include <signal.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>

#include "common/net/random.h"
#include "common/rng.h"
#include "tests/integration/fixture.h"

namespace rollcall::integration {
namespace {

using testing::AnyOf;

bool long_tests() {
  return std::getenv("ROLLCALL_LONG_TESTS") != nullptr;
}

/// ROLLCALL_TEST_SEED, to see a failure again; else a new one.
std::uint64_t seed() {
  const char* given = std::getenv("ROLLCALL_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : net::random_u64() >> 11U;
}

class StartStop : public ProgramsTest {
 protected:
  void start_and_stop(Rng& rng) {
    constexpr std::array kSignals = {SIGINT, SIGTERM, SIGKILL};
    const std::string workers = std::to_string(1 + rng.below(3));
    const std::string pause = std::to_string(rng.below(60)) + "ms";
    const int signal = kSignals[rng.below(kSignals.size())];
    const std::chrono::microseconds moment(rng.below(120'000));
    SCOPED_TRACE("-w " + workers + " --pause " + pause + ", signal " + std::to_string(signal) +
                 " after " + std::to_string(moment.count()) + " us");
    const std::string results = file("results.csv");
    Program& run = rollcall({"-n", "100", "-w", workers, "--pause", pause, "--results", results});
    const auto end = std::chrono::steady_clock::now() + moment;
    wait_until([&] { return std::chrono::steady_clock::now() >= end; });
    run.signal(signal);
    // 0: it was over before. -2, -15: not yet ready to take a signal.
    EXPECT_THAT(run.wait(), AnyOf(0, signal == SIGKILL ? -SIGKILL : 128 + signal, -signal))
        << run.story();
    EXPECT_TRUE(wait_for_no_process());
  }
};

TEST_F(StartStop, AtRandomMomentsLeavesNoProcess) {
  const std::uint64_t chosen = seed();
  std::cout << "seed " << chosen << std::endl;
  RecordProperty("seed", std::to_string(chosen));
  Rng rng(chosen);
  const int times = long_tests() ? 2'000 : 200;
  for (int i = 0; i < times && !HasFailure(); ++i) start_and_stop(rng);
}

class Long : public ProgramsTest {
 protected:
  void SetUp() override {
    if (!long_tests()) GTEST_SKIP() << "only with ROLLCALL_LONG_TESTS";
  }
};

TEST_F(Long, AMillionTasks) {
  Program& run =
      rollcall({"-n", "1000000", "-w", "2", "--output", "json", "--results", file("results.csv")});
  EXPECT_EQ(run.wait(std::chrono::minutes(5)), 0) << run.story();
  const nlohmann::json document = document_of(run);
  EXPECT_EQ(document["outcomes"]["succeeded"], 1'000'000);
  EXPECT_EQ(document["validated"], true);
  std::cout << "overhead " << document["overhead_seconds"] << " s" << std::endl;
}

TEST_F(Long, AMillionTasksWithLostWorkers) {
  Program& run = rollcall({"-n", "1000000", "-w", "2", "--output", "json"});
  for (int loss = 1; loss <= 3; ++loss) {
    const auto moment = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    wait_until([&] { return std::chrono::steady_clock::now() >= moment; });
    const std::vector<pid_t> workers = children_of(run.pid());
    ASSERT_FALSE(workers.empty());
    ::kill(workers[0], SIGKILL);
  }
  EXPECT_EQ(run.wait(std::chrono::minutes(5)), 0) << run.story();
  EXPECT_EQ(document_of(run)["outcomes"]["succeeded"], 1'000'000);
}

}  // namespace
}  // namespace rollcall::integration
