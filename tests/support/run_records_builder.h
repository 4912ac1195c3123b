// Builds the records of a run by hand. They are valid unless a test breaks them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "coordinator/core/model/records.h"

namespace rollcall::coordinator {

using namespace std::chrono_literals;

/// A run of sleeps that begins at kBegin. Each accepted task is a batch of its own, with a clock
/// bound of kBound.
class RunRecordsBuilder {
 public:
  static constexpr Instant kBegin = Instant(1000s);
  static constexpr Duration kBound = 10us;

  explicit RunRecordsBuilder(std::uint32_t tasks, Duration pause_min = 2s, Duration pause_max = 2s)
      : records_(spec(tasks, pause_min, pause_max)) {
    records_.first_dispatch = kBegin;
  }

  RunRecordsBuilder& method(CollectionMethod method) {
    records_.spec.method = method;
    return *this;
  }
  /// Adds a session, welcomed a second before the first dispatch.
  RunRecordsBuilder& worker(std::uint32_t slots = 0) {
    SessionRecord session;
    const auto number = static_cast<std::uint8_t>(records_.sessions.size() + 1);
    session.id.bytes.fill(number);
    session.name = "w" + std::to_string(number);
    session.host = "here";
    session.pid = 100U + number;
    session.slots = slots;
    session.welcomed = kBegin - 1s;
    session.end = SessionEnd::goodbye;
    session.goodbye = Goodbye{0, 0, 0.25, 4096};
    records_.sessions.push_back(session);
    return *this;
  }
  RunRecordsBuilder& dispatched(std::uint32_t task, std::uint32_t session = 0,
                                Duration after = Duration::zero()) {
    if (records_.dispatch[task] == kNoDispatch) ++records_.tasks_dispatched;
    records_.dispatch[task] = static_cast<std::uint32_t>(records_.dispatches.size());
    records_.dispatches.push_back({kBegin + after, SessionIndex(session), 1});
    records_.set_state(TaskId(task), TaskState::assigned);
    if (++records_.attempt[task] > 1) ++records_.attempts_retried;
    ++records_.attempts_total;
    ++records_.sessions.at(session).begun;
    return *this;
  }
  /// Dispatches the task and accepts its outcome. The task starts one millisecond after the
  /// dispatch, and the outcome arrives one millisecond after its end.
  RunRecordsBuilder& done(std::uint32_t task, std::uint32_t session = 0,
                          Outcome outcome = Outcome::succeeded, Duration late = 0ns,
                          Duration after = Duration::zero()) {
    dispatched(task, session, after);
    return ended(task, session, outcome, kBegin + after + 1ms,
                 records_.spec.pause(TaskId(task)) + late);
  }
  RunRecordsBuilder& ended(std::uint32_t task, std::uint32_t session, Outcome outcome,
                           Instant started, Duration elapsed) {
    SessionRecord& owner = records_.sessions.at(session);
    const Instant arrived = started + elapsed + 1ms;
    records_.batches.push_back(
        {static_cast<std::uint32_t>(records_.accepted()), SessionIndex(session), arrived, kBound});
    push(task, outcome, started, elapsed);
    owner.last_accepted = arrived;
    ++owner.tasks_done;
    if (++owner.ended > owner.begun) {
      ++owner.begun;
      ++records_.attempts_total;
    }
    ++owner.goodbye->outcomes_sent;
    return accepted(arrived);
  }
  /// Accepts an outcome decided by the coordinator.
  RunRecordsBuilder& decided(std::uint32_t task, Outcome outcome, Duration after) {
    records_.batches.push_back(
        {static_cast<std::uint32_t>(records_.accepted()), std::nullopt, kBegin + after, 0ns});
    records_.dispatch[task] = kNoDispatch;
    push(task, outcome, kBegin + after, 0ns);
    return accepted(kBegin + after);
  }

  RunRecords& records() { return records_; }

 private:
  static RunSpec spec(std::uint32_t tasks, Duration pause_min, Duration pause_max) {
    RunSpec spec;
    spec.id.bytes.fill(0xab);
    spec.task_count = tasks;
    spec.pause_min = pause_min;
    spec.pause_max = pause_max;
    spec.seed = 42;
    return spec;
  }
  void push(std::uint32_t task, Outcome outcome, Instant started, Duration elapsed) {
    records_.task.push_back(TaskId(task));
    records_.started.push_back(started);
    records_.elapsed.push_back(elapsed);
    records_.set_done(TaskId(task), outcome);
  }
  RunRecordsBuilder& accepted(Instant at) {
    if (!records_.last_accepted || *records_.last_accepted < at) records_.last_accepted = at;
    return *this;
  }

  RunRecords records_;
};

}  // namespace rollcall::coordinator
