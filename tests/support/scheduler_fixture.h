// A scheduler on a stage: whatever it does that a test does not expect fails the test.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>

#include "tests/support/stage.h"

namespace rollcall::coordinator {

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() {
    spec.id.bytes.fill(1);
    spec.task_count = 4;
    spec.seed = 1;
    spec.pause_min = spec.pause_max = std::chrono::seconds(1);
    policy.others_may_join = true;
    policy.prefetch = 0;
  }

  /// What was done since the last expect() is these lines, in this order, and nothing else.
  void expect(const std::initializer_list<const char*>& lines) {
    EXPECT_THAT(stage->take(), testing::ElementsAreArray(lines));
  }
  void TearDown() override {
    if (stage) expect({});
  }

  /// Listens; spec and policy are settled.
  void begin() {
    stage = std::make_unique<Stage>(spec, policy);
    stage->listen();
  }
  /// These workers have joined and begun what they were sent; what was done for that is forgotten.
  void begin_with(std::initializer_list<int> workers, std::uint32_t slots = 0) {
    policy.wait_for_workers = static_cast<std::uint32_t>(workers.size());
    begin();
    for (const int w : workers) stage->hello(w, slots);
    for (const int w : workers) stage->inventory(w);
    for (const int w : workers) stage->heartbeat(w);
    stage->ignore();
  }
  void join(int worker, std::uint32_t slots = 0, std::uint32_t launch_id = 0) {
    stage->hello(worker, slots, 1, launch_id);
    stage->inventory(worker);
  }
  const RunRecords& records() const { return stage->records(); }

  RunSpec spec;
  Policy policy;
  std::unique_ptr<Stage> stage;
};

/// With a journal.
class JournaledSchedulerTest : public SchedulerTest {
 protected:
  JournaledSchedulerTest() { policy.journal = true; }

  /// Both workers have joined, hold tasks 0 1 and 2 3, and that is committed.
  void begin_with_two() {
    policy.wait_for_workers = 2;
    begin();
    stage->hello(1);
    stage->hello(2);
    stage->inventory(1);
    stage->inventory(2);
    stage->committed(2);
    stage->heartbeat(1);
    stage->heartbeat(2);
    stage->ignore();
  }
  Instant stage_now() const { return instant_from_ns((stage->now_ms() + 1'000) * 1'000'000); }
  void crash() {
    stage->crash();
    stage->ignore();
  }
};

}  // namespace rollcall::coordinator
