#include "tests/sim/truth.h"

#include <algorithm>
#include <cstring>

#include "common/base/rng.h"
#include "tests/sim/world.h"

namespace rollcall::sim {

using coordinator::AcceptedBatch;
using coordinator::RunRecords;

namespace {

/// Whether the task may be tried again in the same epoch after this outcome.
bool has_failed(const Truth::Run& run) {
  return run.outcome == Outcome::failed || run.outcome == Outcome::timed_out ||
         run.outcome == Outcome::not_started || run.outcome == Outcome::returned;
}

/// The same in a later epoch: a stop cancels attempts, and resuming the run repeats their tasks.
bool may_be_resumed(const Truth::Run& run) {
  return has_failed(run) || run.outcome == Outcome::cancelled;
}

}  // namespace

std::size_t Truth::Hash::operator()(const Key& key) const {
  std::uint64_t id = 0;
  std::memcpy(&id, key.session.bytes.data(), sizeof id);
  return mix64(id ^ (std::uint64_t{index(key.task)} << 16U) ^ key.attempt);
}

void Truth::started(const SessionId& session, Epoch epoch, TaskId task, Attempt attempt,
                    Instant real) {
  std::vector<Run>& runs = runs_[Key{session, task, attempt}];
  const bool is_new = runs.empty() || (runs.back().epoch < epoch && runs.back().ended &&
                                       may_be_resumed(runs.back()));
  runs.push_back({real, epoch});
  const std::uint32_t starts = ++starts_[index(task)];
  const auto failures = failures_.find(index(task));
  most_starts_ =
      std::max(most_starts_, starts - (failures == failures_.end() ? 0 : failures->second));
  require(is_new, "task " + std::to_string(index(task)) + " attempt " + std::to_string(attempt) +
                      " was started twice by one session");
  begun_[Key{session, task, 0}].push_back(attempt);
  ++all_starts_;
}

void Truth::spawned(const SessionId& session, TaskId task, Attempt attempt, Instant real) {
  runs_.at(Key{session, task, attempt}).back().started = real;
}

void Truth::wrote(const SessionId& session, TaskId task, Attempt attempt,
                  const StreamBytes& bytes) {
  written_[Key{session, task, attempt}] = bytes;
}

StreamBytes Truth::written(const SessionId& session, TaskId task, Attempt attempt) const {
  const auto found = written_.find(Key{session, task, attempt});
  return found == written_.end() ? StreamBytes{} : found->second;
}

Epoch Truth::run_of(const SessionId& session, TaskId task, Attempt attempt) const {
  const auto found = runs_.find(Key{session, task, attempt});
  return found == runs_.end() ? 0 : found->second.back().epoch;
}

bool Truth::has_begun(const SessionId& session, TaskId task) const {
  return begun_.contains(Key{session, task, 0});
}

void Truth::ended(const SessionId& session, const OutcomeColumns& outcomes) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto run = runs_.find(Key{session, outcomes.task[i], outcomes.attempt[i]});
    require(run != runs_.end() && !run->second.back().ended,
            "an attempt ended that was not running");
    Run& really = run->second.back();
    really.ended = true;
    really.outcome = outcomes.outcome[i];
    really.elapsed = outcomes.elapsed[i];
    if (has_failed(really)) ++failures_[index(outcomes.task[i])];
  }
}

void Truth::reported(const SessionId& session, std::uint64_t number, std::size_t outcomes) {
  Reported& so_far = reported_[session];
  if (number <= so_far.reports) return;  // sent again
  require(number == so_far.reports + 1, "a session's reports have a gap");
  ++so_far.reports;
  so_far.outcomes += outcomes;
}

std::string Truth::compare(const RunRecords& records) const {
  for (std::size_t b = 0; b < records.batches.size(); ++b) {
    const AcceptedBatch& batch = records.batches[b];
    for (std::size_t r = batch.first_record; batch.session && r < records.batch_end(b); ++r) {
      std::string wrong = compare_record(records, r, batch);
      if (!wrong.empty()) return wrong;
    }
  }
  for (const coordinator::SessionRecord& session : records.sessions) {
    const auto found = reported_.find(session.id);
    const std::uint64_t sent = found == reported_.end() ? 0 : found->second.outcomes;
    const std::uint64_t taken = session.tasks_done + session.stale;
    if (taken > sent) return "more outcomes were accepted from a session than it reported";
    if (session.goodbye && session.goodbye->outcomes_sent != taken) {
      return "a session's own count differs from the records";
    }
  }
  return {};
}

std::string Truth::compare_record(const RunRecords& records, std::size_t record,
                                  const AcceptedBatch& batch) const {
  const TaskId task = records.task[record];
  const std::string name = "task " + std::to_string(index(task));
  const Outcome outcome = records.outcome_of(task);
  const SessionId session = records.sessions[index(*batch.session)].id;
  // Cancelled before its start, so only the session knows it.
  const bool unstarted = outcome == Outcome::cancelled && records.elapsed[record].count() == 0;
  const auto begun = begun_.find(Key{session, task, 0});
  if (begun == begun_.end()) {
    return unstarted ? std::string() : name + " has a result although it never ran there";
  }
  // The record names neither the epoch nor the number on the wire.
  std::string wrong;
  bool was_again_pending = true;
  for (const Attempt attempt : begun->second) {
    for (const Run& really : runs_.at(Key{session, task, attempt})) {
      wrong = compare_run(really, records, record, batch);
      if (wrong.empty()) return wrong;
      was_again_pending &= may_be_resumed(really);
    }
  }
  return unstarted && was_again_pending ? std::string() : name + wrong;
}

std::string Truth::compare_run(const Run& really, const RunRecords& records, std::size_t record,
                               const AcceptedBatch& batch) const {
  const Outcome outcome = records.outcome_of(records.task[record]);
  if (!really.ended || really.outcome != outcome || really.elapsed != records.elapsed[record]) {
    return " has another result than its attempt had";
  }
  const Duration since = batch.arrived - records.started[record];
  const Duration allowed =
      batch.clock_bound + drift_over(since) + drift_over(batch.arrived - really.started);
  const Duration error = std::chrono::abs(records.started[record] - really.started);
  if (batch.clock_bound != Duration::max() && error > allowed) {
    return ": its start is off by " + std::to_string(error.count()) + " ns, and only " +
           std::to_string(allowed.count()) + " ns are allowed";
  }
  return {};
}

}  // namespace rollcall::sim
