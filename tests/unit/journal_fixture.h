// Random commits of a run that makes sense, and journals in a folder of their own.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/rng.h"
#include "coordinator/journal/journal.h"

namespace rollcall::coordinator {

using namespace std::chrono_literals;

inline JournalRun journal_run(std::uint32_t tasks) {
  JournalRun run;
  run.spec.id.bytes.fill(0xab);
  run.spec.task_count = tasks;
  run.spec.pause_min = 1ms;
  run.spec.pause_max = 20ms;
  run.spec.seed = 42;
  run.request = R"({"command":"sleep","task_count":5})";
  run.created = 1'700'000'000'000'000'000;
  return run;
}

inline EpochStart epoch_start(Duration after = {}, std::string boot = "boot-1") {
  return {123, std::move(boot), Instant(500s + after), 600s + after,
          1'700'000'000'000'000'000 + after.count()};
}

/// Commits as a scheduler might make them, each a few outcomes of a few sessions. The same for the
/// same seed.
class RandomCommits {
 public:
  RandomCommits(const RunSpec& spec, std::uint64_t seed) : spec_(spec), rng_(seed) {
    for (std::size_t i = 0; i < spec.task_count; ++i) tasks_.push_back(task_at(i));
    for (std::size_t i = tasks_.size(); i > 1; --i) std::swap(tasks_[i - 1], tasks_[below(i)]);
  }

  bool more() const { return done_ < tasks_.size(); }

  std::shared_ptr<const Commit> next(std::size_t most = 20) {
    now_ += Duration(rng_.below(1'000'000));
    auto commit = std::make_shared<Commit>();
    commit->first_record = done_;
    if (sessions_ == 0 || below(8) == 0) add_session(*commit);
    for (std::size_t batches = below(4); batches > 0 && more(); --batches) {
      add_outcomes(*commit, 1 + below(most));
    }
    add_progress(*commit);
    counters_.attempts_total += below(30);
    counters_.published = below(commit->first_record + 1);
    commit->counters = counters_;
    return commit;
  }

  std::vector<std::shared_ptr<const Commit>> all(std::size_t most = 20) {
    std::vector<std::shared_ptr<const Commit>> commits;
    while (more()) commits.push_back(next(most));
    return commits;
  }

 private:
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(rng_.below(bound)); }

  void add_session(Commit& commit) {
    KeptSession kept;
    kept.index = SessionIndex{sessions_++};
    kept.id.bytes.fill(static_cast<std::uint8_t>(sessions_));
    kept.name = "worker '" + std::to_string(sessions_) + "'";
    kept.host = "here";
    kept.pid = 100 + sessions_;
    kept.slots = static_cast<std::uint32_t>(below(3));
    kept.is_local = below(2) == 0;
    kept.welcomed = now_;
    commit.sessions.push_back(kept);
  }

  void add_outcomes(Commit& commit, std::size_t count) {
    if (!counters_.first_dispatch) counters_.first_dispatch = now_;
    KeptOutcomes kept;
    if (below(10) > 0) kept.session = SessionIndex{static_cast<std::uint32_t>(below(sessions_))};
    kept.arrived = now_ + Duration(below(1000));
    kept.clock_bound = below(5) == 0 ? Duration::max() : Duration(below(100'000));
    for (; count > 0 && more(); --count) {
      const TaskId task = tasks_[done_++];
      kept.task.push_back(task);
      kept.attempt.push_back(static_cast<Attempt>(1 + below(3)));
      kept.outcome.push_back(static_cast<Outcome>(below(5)));
      kept.elapsed.push_back(spec_.pause(task) + Duration(below(1'000'000)));
      kept.started.push_back(now_ - kept.elapsed.back());
      kept.dispatched.push_back(kept.session ? now_ - 50ms - Duration(below(3)) : kept.arrived);
      if (below(50) == 0) commit.odd_results.emplace_back(task, 5ns);
    }
    commit.outcomes.push_back(std::move(kept));
  }

  void add_progress(Commit& commit) {
    KeptProgress kept;
    kept.index = SessionIndex{static_cast<std::uint32_t>(below(sessions_))};
    kept.last_report = commit.first_record + 1;
    kept.stale = below(5);
    kept.end = static_cast<SessionEnd>(below(3));
    if (kept.end == SessionEnd::lost) kept.end_reason = "it fell silent";
    if (kept.end == SessionEnd::goodbye) kept.goodbye = Goodbye{3, 20, 0.25, 4096};
    commit.progress.push_back(kept);
  }

  RunSpec spec_;
  Rng rng_;
  std::vector<TaskId> tasks_;
  std::size_t done_ = 0;
  std::uint32_t sessions_ = 0;
  Instant now_{1000s};
  KeptCounters counters_;
};

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

/// All that a journal keeps of a run.
inline void expect_same(const RunRecords& a, const RunRecords& b) {
  EXPECT_EQ(a.task, b.task);
  EXPECT_EQ(a.started, b.started);
  EXPECT_EQ(a.elapsed, b.elapsed);
  EXPECT_EQ(a.attempt, b.attempt);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.dispatch, b.dispatch);
  EXPECT_EQ(a.odd_results, b.odd_results);
  EXPECT_EQ(a.first_dispatch, b.first_dispatch);
  EXPECT_EQ(a.last_accepted, b.last_accepted);
  EXPECT_EQ(a.attempts_total, b.attempts_total);
  EXPECT_EQ(a.attempts_retried, b.attempts_retried);
  EXPECT_EQ(a.attempts_adopted, b.attempts_adopted);
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

/// A folder in memory, if the system has that, which is gone afterwards.
class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    const std::string shm = "/dev/shm/";
    std::string name = (std::filesystem::exists(shm) ? shm : testing::TempDir()) + "journalXXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~JournalTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name = "run.db") const { return folder_ / name; }

  /// Made, and its first epoch begun.
  std::unique_ptr<Journal> begun(const JournalRun& run) {
    auto journal = Journal::create(path(), run);
    EXPECT_TRUE(journal) << journal.error().message;
    EXPECT_TRUE((*journal)->begin_epoch(epoch_start()));
    return std::move(*journal);
  }

  std::filesystem::path folder_;
};

}  // namespace rollcall::coordinator
