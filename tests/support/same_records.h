// Compares the committed parts of two run records.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "coordinator/core/commits/commit.h"

namespace rollcall::coordinator {

inline RunRecords replayed(const RunSpec& spec,
                           const std::vector<std::shared_ptr<const Commit>>& commits) {
  Replay replay(spec);
  for (const auto& commit : commits) EXPECT_TRUE(replay.apply(*commit));
  return replay.take();
}

inline void expect_same(const SessionRecord& a, const SessionRecord& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.host, b.host);
  EXPECT_EQ(a.pid, b.pid);
  EXPECT_EQ(a.slots, b.slots);
  EXPECT_EQ(a.is_local, b.is_local);
  EXPECT_EQ(a.welcomed, b.welcomed);
  EXPECT_EQ(a.last_accepted, b.last_accepted);
  EXPECT_EQ(a.tasks_done, b.tasks_done);
  EXPECT_EQ(a.stale, b.stale);
  EXPECT_EQ(a.last_report, b.last_report);
  EXPECT_EQ(a.end, b.end);
  EXPECT_EQ(a.end_reason, b.end_reason);
  ASSERT_EQ(a.goodbye.has_value(), b.goodbye.has_value());
  if (!a.goodbye) return;
  EXPECT_EQ(a.goodbye->reports_sent, b.goodbye->reports_sent);
  EXPECT_EQ(a.goodbye->outcomes_sent, b.goodbye->outcomes_sent);
  EXPECT_EQ(a.goodbye->cpu_seconds, b.goodbye->cpu_seconds);
  EXPECT_EQ(a.goodbye->peak_rss_bytes, b.goodbye->peak_rss_bytes);
}

/// Compares everything that a journal stores of a run.
inline void expect_same(const RunRecords& a, const RunRecords& b) {
  EXPECT_EQ(a.spec.task_count, b.spec.task_count);
  EXPECT_EQ(a.spec.is_open, b.spec.is_open);
  EXPECT_EQ(a.input_error, b.input_error);
  EXPECT_EQ(a.task, b.task);
  EXPECT_EQ(a.started, b.started);
  EXPECT_EQ(a.elapsed, b.elapsed);
  EXPECT_EQ(a.attempt, b.attempt);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.dispatch, b.dispatch);
  EXPECT_EQ(a.result_mismatches, b.result_mismatches);
  EXPECT_EQ(a.first_dispatch, b.first_dispatch);
  EXPECT_EQ(a.last_accepted, b.last_accepted);
  EXPECT_EQ(a.attempts_total, b.attempts_total);
  EXPECT_EQ(a.attempts_retried, b.attempts_retried);
  EXPECT_EQ(a.attempts_adopted, b.attempts_adopted);
  EXPECT_EQ(a.reports_repeated, b.reports_repeated);
  EXPECT_EQ(a.stale, b.stale);
  EXPECT_EQ(a.wait_timeout_passed, b.wait_timeout_passed);
  EXPECT_EQ(a.stop_requested, b.stop_requested);
  ASSERT_EQ(a.batches.size(), b.batches.size());
  for (std::size_t i = 0; i < a.batches.size(); ++i) {
    EXPECT_EQ(a.batches[i].first_record, b.batches[i].first_record);
    EXPECT_EQ(a.batches[i].session, b.batches[i].session);
    EXPECT_EQ(a.batches[i].arrived, b.batches[i].arrived);
    EXPECT_EQ(a.batches[i].clock_bound, b.batches[i].clock_bound);
  }
  ASSERT_EQ(a.dispatches.size(), b.dispatches.size());
  for (std::size_t i = 0; i < a.dispatches.size(); ++i) {
    EXPECT_EQ(a.dispatches[i].at, b.dispatches[i].at);
    EXPECT_EQ(a.dispatches[i].session, b.dispatches[i].session);
  }
  ASSERT_EQ(a.sessions.size(), b.sessions.size());
  for (std::size_t i = 0; i < a.sessions.size(); ++i) expect_same(a.sessions[i], b.sessions[i]);
}

}  // namespace rollcall::coordinator
