#include "worker/executors/sleep_executor.h"

#include <utility>

namespace rollcall::worker {

namespace {

/// Thousands of sleeps that began together end together. What follows them is not to wait until the
/// last of them is accounted for.
constexpr std::size_t kEndedAtOnce = 128;

}  // namespace

SleepExecutor::SleepExecutor(boost::asio::io_context& loop, std::function<void()> on_due)
    : alarm_(loop, std::move(on_due)) {}

void SleepExecutor::start(Instant now, std::uint64_t assignment, const AttemptColumns& attempts) {
  queue_.start(now, assignment, attempts);
}

bool SleepExecutor::take_due(Instant now, OutcomeColumns& out) {
  out.clear();
  queue_.take_due(now, out, kEndedAtOnce);
  return out.size() > 0;
}

void SleepExecutor::cancel(Instant now, std::uint64_t assignments_through, OutcomeColumns& out) {
  out.clear();
  queue_.cancel(now, assignments_through, out);
}

void SleepExecutor::list(HeldColumns& out) const {
  out = {};
  queue_.list(out);
}

void SleepExecutor::drop() {
  queue_.clear();
}

void SleepExecutor::arm(Instant now) {
  alarm_.set(queue_.next_wake(now));
}

}  // namespace rollcall::worker
