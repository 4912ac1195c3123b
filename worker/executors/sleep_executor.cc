#include "worker/executors/sleep_executor.h"

#include <cstddef>
#include <memory>
#include <utility>

namespace rollcall::worker {

namespace {

/// The most outcomes of one batch when thousands of sleeps end together. The attempts that wait for
/// their slots start after each batch, not after all of them.
constexpr std::size_t kBatch = 128;

}  // namespace

SleepExecutor::SleepExecutor(const ExecutorContext& context)
    : alarm_(context.loop, context.on_ended) {}

Result<void> SleepExecutor::prepare(const Prepare&) {
  return {};
}

void SleepExecutor::start(Instant now, StartAttempts batch) {
  queue_.start(now, batch.assignment, batch.attempts);
}

bool SleepExecutor::take_ended(Instant now, OutcomeColumns& out) {
  out.clear();
  if (cancelled_.size() > 0) {
    std::swap(out, cancelled_);
    return true;
  }
  queue_.take_due(now, out, kBatch);
  if (out.size() > 0) return true;
  alarm_.set(queue_.next_wake(now));
  return false;
}

void SleepExecutor::cancel(Instant now, std::uint64_t assignments_through) {
  queue_.cancel(now, assignments_through, cancelled_);
}

void SleepExecutor::cancel_listed(Instant now, const AttemptSet& attempts) {
  queue_.cancel_listed(now, attempts, cancelled_);
}

void SleepExecutor::drop() {
  queue_.clear();
  cancelled_.clear();
}

void SleepExecutor::list(HeldColumns& out) const {
  out = {};
  queue_.list(out);
  for (std::size_t i = 0; i < cancelled_.size(); ++i) {
    out.task.push_back(cancelled_.task[i]);
    out.attempt.push_back(cancelled_.attempt[i]);
  }
}

std::unique_ptr<Executor> make_sleep_executor(const ExecutorContext& context) {
  return std::make_unique<SleepExecutor>(context);
}

}  // namespace rollcall::worker
