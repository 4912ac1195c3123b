#include "coordinator/core/analysis/validation.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

/// Collects the tasks that fail one check.
class Failures {
 public:
  Failures(const char* name, const char* text) { found_.name = name, found_.text = text; }

  void add() { ++found_.count; }
  void add(TaskId task) {
    add();
    const auto place = std::lower_bound(found_.tasks.begin(), found_.tasks.end(), task);
    if (place != found_.tasks.end() && *place == task) return;
    if (found_.tasks.size() == limits::named_tasks) {
      if (place == found_.tasks.end()) return;
      found_.tasks.pop_back();
    }
    found_.tasks.insert(place, task);
  }
  void move_to(std::vector<FailedCheck>& failed) {
    if (found_.count > 0) failed.push_back(std::move(found_));
  }

 private:
  FailedCheck found_;
};

/// A set of numbers below n.
class Marks {
 public:
  explicit Marks(std::size_t n) : bits_((n + 63) / 64) {}

  bool has(std::size_t i) const { return (bits_[i / 64] >> (i % 64) & 1U) != 0; }
  /// Returns false if it was set before.
  bool set(std::size_t i) {
    const std::uint64_t bit = std::uint64_t{1} << (i % 64);
    if ((bits_[i / 64] & bit) != 0) return false;
    bits_[i / 64] |= bit;
    return true;
  }

 private:
  std::vector<std::uint64_t> bits_;
};

/// The bound of the error of a worker's instant: that of the arrival, and the drift until then.
Duration bound_at(Instant instant, const AcceptedBatch& batch) {
  const Duration drift = drift_over(batch.arrived - instant);
  return batch.clock_bound > Duration::max() - drift ? Duration::max() : batch.clock_bound + drift;
}

std::array<bool, kOutcomeCount> outcomes_asked_for(const RunRecords& r) {
  const bool all_cancelled = r.spec.method == CollectionMethod::cancelled;
  const bool some_cancelled = all_cancelled || r.stop_requested || r.wait_timeout_passed;
  std::array<bool, kOutcomeCount> asked{};
  asked[static_cast<std::size_t>(Outcome::succeeded)] = true;  // before it could be cancelled
  asked[static_cast<std::size_t>(Outcome::failed)] = !all_cancelled;
  asked[static_cast<std::size_t>(Outcome::timed_out)] = !all_cancelled;
  asked[static_cast<std::size_t>(Outcome::cancelled)] = some_cancelled;
  asked[static_cast<std::size_t>(Outcome::lost)] = true;
  return asked;
}

class Validator {
 public:
  Validator(const RunRecords& records, std::span<const std::uint32_t> order, Duration lower_bound)
      : r_(records), order_list_(order), lower_bound_(lower_bound) {
    CHECK(r_.started.size() == r_.accepted() && r_.elapsed.size() == r_.accepted());
    CHECK(r_.dispatch.size() == task_count() && r_.state.size() == task_count());
  }

  std::vector<FailedCheck> failed() && {
    check_one_outcome();
    check_batches();
    check_results();
    check_order();
    check_worker_counts();
    check_attempts();
    // Workers measure costs by their own clocks.
    if (r_.measured() + drift_over(lower_bound_) < lower_bound_) total_time_.add();
    std::vector<FailedCheck> found;
    for (Failures* check : {&one_outcome_, &asked_outcome_, &result_, &not_early_, &dispatch_delay_,
                            &start_after_dispatch_, &finish_before_arrival_, &clocks_, &order_,
                            &worker_counts_, &attempts_, &total_time_}) {
      check->move_to(found);
    }
    return found;
  }

 private:
  std::size_t task_count() const { return r_.spec.task_count; }

  void check_one_outcome() {
    Marks seen(task_count());
    for (const TaskId task : r_.task) {
      if (index(task) >= task_count() || !seen.set(index(task))) one_outcome_.add(task);
    }
    for (std::size_t t = 0; t < task_count(); ++t) {
      if (!seen.has(t) || r_.state_of(task_at(t)) != TaskState::done) one_outcome_.add(task_at(t));
    }
  }

  void check_batches() {
    counted_.assign(r_.sessions.size(), 0);
    unknown_clock_.assign(r_.sessions.size(), false);
    const auto asked = outcomes_asked_for(r_);
    for (std::size_t b = 0; b < r_.batches.size(); ++b) {
      const AcceptedBatch& batch = r_.batches[b];
      const std::size_t end = std::min(r_.batch_end(b), r_.accepted());
      for (std::size_t i = batch.first_record; i < end; ++i) {
        const TaskId task = r_.task[i];
        if (index(task) >= task_count() || r_.state_of(task) != TaskState::done) continue;
        const auto outcome = static_cast<std::size_t>(r_.outcome_of(task));
        if (outcome >= kOutcomeCount || !(asked[outcome] || is_cancelled(task))) {
          asked_outcome_.add(task);
        }
        if (batch.session) check_times(batch, i);
      }
      count_batch(batch, end);
    }
    for (const bool is_unknown : unknown_clock_) {
      if (is_unknown) clocks_.add();
    }
  }

  /// By the user, as a single task.
  bool is_cancelled(TaskId task) const {
    const auto found = r_.history.find(task);
    return r_.outcome_of(task) == Outcome::cancelled && found != r_.history.end() &&
           found->second.is_cancelled;
  }

  void count_batch(const AcceptedBatch& batch, std::size_t end) {
    if (end < batch.first_record) return;
    const std::size_t size = end - batch.first_record;
    counted_in_all_ += size;
    if (batch.session && index(*batch.session) < counted_.size()) {
      counted_[index(*batch.session)] += size;
      if (size > 0 && batch.clock_bound == Duration::max()) {
        unknown_clock_[index(*batch.session)] = true;
      }
    }
  }

  void check_times(const AcceptedBatch& batch, std::size_t record) {
    const TaskId task = r_.task[record];
    const Instant started = r_.started[record];
    const bool succeeded = r_.outcome_of(task) == Outcome::succeeded;
    const Duration cost = succeeded ? r_.spec.cost(task) : Duration::zero();
    if (r_.elapsed[record] < cost) not_early_.add(task);
    const Instant finished = r_.finished(record);
    if (finished - batch.arrived > bound_at(finished, batch)) finish_before_arrival_.add(task);
    const std::uint32_t number = r_.dispatch[index(task)];
    if (number >= r_.dispatches.size() || r_.dispatches[number].session != *batch.session) {
      start_after_dispatch_.add(task);
      return;
    }
    const Instant dispatched = r_.dispatches[number].at;
    if (dispatched - started > bound_at(started, batch)) start_after_dispatch_.add(task);
    if (batch.arrived - dispatched + drift_over(cost) < cost) dispatch_delay_.add(task);
  }

  void check_results() {
    for (const auto& [task, result] : r_.result_mismatches) {
      if (index(task) >= task_count() || result != r_.spec.cost(task)) result_.add(task);
    }
  }

  void check_order() {
    Marks seen(r_.accepted());
    std::size_t previous = r_.accepted();
    for (const std::uint32_t record : order_list_) {
      if (record >= r_.accepted()) {
        order_.add();
        continue;
      }
      const bool twice = !seen.set(record);
      const bool too_late = previous < r_.accepted() && finishes_before(record, previous);
      if (twice || too_late) order_.add(r_.task[record]);
      previous = record;
    }
    if (order_list_.size() != r_.accepted()) order_.add();
  }

  bool finishes_before(std::size_t a, std::size_t b) const {
    const Instant at_a = r_.finished(a);
    const Instant at_b = r_.finished(b);
    return at_a != at_b ? at_a < at_b : r_.task[a] < r_.task[b];
  }

  void check_worker_counts() {
    for (std::size_t s = 0; s < r_.sessions.size(); ++s) {
      const SessionRecord& session = r_.sessions[s];
      const bool own_count_fits =
          session.end != SessionEnd::goodbye || !session.goodbye ||
          session.goodbye->outcomes_sent == session.tasks_done + session.stale;
      if (counted_[s] != session.tasks_done || !own_count_fits) worker_counts_.add();
    }
    if (counted_in_all_ != r_.accepted()) worker_counts_.add();
  }

  /// An attempt number says how many attempts at the task have begun.
  void check_attempts() {
    std::uint64_t numbered = 0;
    for (std::size_t t = 0; t < task_count(); ++t) {
      if (r_.dispatch[t] != kNoDispatch) numbered += r_.attempt[t];
    }
    const bool adds_up = std::all_of(r_.sessions.begin(), r_.sessions.end(),
                                     [](const SessionRecord& s) { return s.ended <= s.begun; });
    const std::uint64_t begun = r_.attempts().begun();
    if (!adds_up || begun != r_.attempts_total || numbered > begun) attempts_.add();
  }

  const RunRecords& r_;
  std::span<const std::uint32_t> order_list_;
  Duration lower_bound_;
  std::vector<std::uint64_t> counted_;  ///< accepted outcomes by session
  std::uint64_t counted_in_all_ = 0;
  std::vector<bool> unknown_clock_;  ///< by session: outcomes were accepted without an estimate

  Failures one_outcome_{"one_outcome", "a task does not have exactly one accepted outcome"};
  Failures asked_outcome_{"asked_outcome",
                          "an outcome is not one that the collection method asks for"};
  Failures result_{"result", "a result is not the pause of its task"};
  Failures not_early_{"not_early", "a sleep ended before its pause was over"};
  Failures dispatch_delay_{"dispatch_delay",
                           "an outcome arrived sooner after its dispatch than its pause"};
  Failures start_after_dispatch_{"start_after_dispatch",
                                 "an attempt started before it was sent to its worker"};
  Failures finish_before_arrival_{"finish_before_arrival",
                                  "an attempt finished after its report had arrived"};
  Failures clocks_{"clocks", "a worker's clock could not be compared with the coordinator's"};
  Failures order_{"order", "the rows are not in order of finish"};
  Failures worker_counts_{"worker_counts",
                          "a worker's count differs from the number of its accepted outcomes"};
  Failures attempts_{"attempts", "the numbers of attempts do not add up"};
  Failures total_time_{"total_time", "the run took less than the shortest time possible"};
};

}  // namespace

std::vector<FailedCheck> validate(const RunRecords& records, std::span<const std::uint32_t> order,
                                  Duration lower_bound) {
  return Validator(records, order, lower_bound).failed();
}

}  // namespace rollcall::coordinator
