// Many short runs, each of which gets a random signal at a random moment: none leaves a process.
// ROLLCALL_LONG_TESTS makes it ten times as many, and adds runs of a million tasks.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "common/base/rng.h"
#include "common/os/random.h"
#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using testing::AnyOf;

/// ROLLCALL_TEST_SEED, to reproduce a failure, or a new seed.
std::uint64_t seed() {
  const char* given = std::getenv("ROLLCALL_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : os::random_u64() >> 11U;
}

using Clock = std::chrono::steady_clock;

/// A short run and the signal that it gets.
struct ShortRun {
  Arguments arguments;
  int signal = 0;
  Clock::duration delay{};  ///< from the start to the signal
  Program* program = nullptr;

  std::string description() const {
    std::string text = "signal " + std::to_string(signal) + " after " +
                       std::to_string(delay / std::chrono::microseconds(1)) + " us: ";
    for (const std::string& argument : arguments) text += " " + argument;
    return text;
  }
};

class StartStop : public ProgramsTest {
 protected:
  ShortRun draw(Rng& rng, const std::string& results) {
    constexpr std::array kSignals = {SIGINT, SIGTERM, SIGKILL};
    ShortRun run;
    run.arguments = {"-n",        "100",
                     "-w",        std::to_string(1 + rng.below(3)),
                     "--pause",   std::to_string(rng.below(60)) + "ms",
                     "--results", results};
    run.signal = kSignals[rng.below(kSignals.size())];
    run.delay = std::chrono::microseconds(rng.below(120'000));
    return run;
  }

  /// Runs them concurrently, so that starts and ends of different runs overlap.
  void run_all(std::vector<ShortRun> runs) {
    std::ranges::sort(runs, {}, &ShortRun::delay);
    const Clock::time_point start = Clock::now();
    for (ShortRun& run : runs) run.program = &rollcall(run.arguments);
    for (const ShortRun& run : runs) {
      wait_until([&] { return Clock::now() >= start + run.delay; });
      run.program->signal(run.signal);
    }
    for (const ShortRun& run : runs) {
      // 0 if the run was already over; minus the signal if its handler was not yet installed.
      const int expected = run.signal == SIGKILL ? -SIGKILL : 128 + run.signal;
      EXPECT_THAT(run.program->wait(), AnyOf(0, expected, -run.signal)) << run.description();
    }
    EXPECT_TRUE(wait_for_no_process());
    forget_ended();
  }
};

TEST_F(StartStop, RandomSignalsLeaveNoProcess) {
  const std::uint64_t chosen = seed();
  std::cout << "seed " << chosen << std::endl;
  RecordProperty("seed", std::to_string(chosen));
  Rng rng(chosen);
  const int rounds = long_tests() ? 500 : 50;
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    std::vector<ShortRun> runs;
    for (const char* name : {"1.csv", "2.csv", "3.csv", "4.csv"}) {
      runs.push_back(draw(rng, file(name)));
    }
    SCOPED_TRACE("round " + std::to_string(round));
    run_all(std::move(runs));
  }
}

class Long : public ProgramsTest {
 protected:
  void SetUp() override {
    if (!long_tests()) GTEST_SKIP() << "only with ROLLCALL_LONG_TESTS";
  }
};

TEST_F(Long, MillionTasks) {
  Program& run =
      rollcall({"-n", "1000000", "-w", "2", "--output", "json", "--results", file("results.csv")});
  EXPECT_EQ(run.wait(std::chrono::minutes(5)), 0) << run.story();
  nlohmann::json document = document_of(run);
  EXPECT_EQ(document["outcomes"]["succeeded"], 1'000'000);
  EXPECT_EQ(document["validated"], true);
  std::cout << "overhead " << document["overhead_seconds"] << " s" << std::endl;
}

TEST_F(Long, MillionTasksWithLostWorkers) {
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
