// A scheduler on a stage: any action that a test does not expect fails the test.
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

  /// The actions since the last expect() are exactly these lines, in this order.
  void expect(const std::initializer_list<const char*>& lines) {
    EXPECT_THAT(stage->take(), testing::ElementsAreArray(lines));
  }
  void TearDown() override {
    if (stage) expect({});
  }

  /// The tasks are commands.
  void use_commands() {
    spec.kind = KindId::exec;
    spec.traits = traits_of(spec.kind);
    spec.pause_min = spec.pause_max = Duration::zero();
  }

  /// Starts the scheduler. Set spec and policy before.
  void begin() {
    stage = std::make_unique<Stage>(spec, policy);
    stage->listen();
  }
  /// These workers have joined and started their attempts; the actions so far are ignored.
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

  /// Both workers have joined, which is committed, and hold tasks 0 1 and 2 3.
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
