// Many short runs, each stopped at a random moment in a random way: none leaves a process. With
// ROLLCALL_LONG_TESTS there are ten times as many, and a run of a million tasks.
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

/// ROLLCALL_TEST_SEED, to see a failure again; else a new one.
std::uint64_t seed() {
  const char* given = std::getenv("ROLLCALL_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : os::random_u64() >> 11U;
}

using Clock = std::chrono::steady_clock;

/// A short run and how it is to end.
struct Life {
  Arguments arguments;
  int signal = 0;
  Clock::duration moment{};  ///< of the signal, after the start
  Program* run = nullptr;

  std::string told() const {
    std::string text = "signal " + std::to_string(signal) + " after " +
                       std::to_string(moment / std::chrono::microseconds(1)) + " us: ";
    for (const std::string& argument : arguments) text += " " + argument;
    return text;
  }
};

class StartStop : public ProgramsTest {
 protected:
  Life draw(Rng& rng, const std::string& results) {
    constexpr std::array kSignals = {SIGINT, SIGTERM, SIGKILL};
    Life life;
    life.arguments = {"-n",        "100",
                      "-w",        std::to_string(1 + rng.below(3)),
                      "--pause",   std::to_string(rng.below(60)) + "ms",
                      "--results", results};
    life.signal = kSignals[rng.below(kSignals.size())];
    life.moment = std::chrono::microseconds(rng.below(120'000));
    return life;
  }

  /// Some at a time, so that they also meet each other's starts and ends.
  void live(std::vector<Life> lives) {
    std::ranges::sort(lives, {}, &Life::moment);
    const Clock::time_point start = Clock::now();
    for (Life& life : lives) life.run = &rollcall(life.arguments);
    for (const Life& life : lives) {
      wait_until([&] { return Clock::now() >= start + life.moment; });
      life.run->signal(life.signal);
    }
    for (const Life& life : lives) {
      // 0: it was over before. Minus the signal: it had no handler yet.
      const int asked = life.signal == SIGKILL ? -SIGKILL : 128 + life.signal;
      EXPECT_THAT(life.run->wait(), AnyOf(0, asked, -life.signal)) << life.told();
    }
    EXPECT_TRUE(wait_for_no_process());
    forget_ended();
  }
};

TEST_F(StartStop, AtRandomMomentsLeavesNoProcess) {
  const std::uint64_t chosen = seed();
  std::cout << "seed " << chosen << std::endl;
  RecordProperty("seed", std::to_string(chosen));
  Rng rng(chosen);
  const int rounds = long_tests() ? 500 : 50;
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    std::vector<Life> lives;
    for (const char* name : {"1.csv", "2.csv", "3.csv", "4.csv"}) {
      lives.push_back(draw(rng, file(name)));
    }
    SCOPED_TRACE("round " + std::to_string(round));
    live(std::move(lives));
  }
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
  nlohmann::json document = document_of(run);
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
