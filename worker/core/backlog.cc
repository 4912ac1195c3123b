#include "worker/core/backlog.h"

#include <algorithm>
#include <utility>

#include "worker/core/columns.h"

namespace rollcall::worker {

void Backlog::push(std::uint64_t assignment, const AttemptColumns& attempts) {
  if (attempts.size() == 0) return;
  batches_.push_back({assignment, attempts, 0});
  size_ += attempts.size();
}

std::size_t Backlog::take(std::size_t room, Actions& out) {
  std::size_t taken = 0;
  while (taken < room && !batches_.empty()) {
    Batch& batch = batches_.front();
    const std::size_t left = batch.attempts.size() - batch.next;
    const std::size_t count = std::min(room - taken, left);
    if (count == batch.attempts.size()) {
      out.push_back(StartAttempts{batch.assignment, std::move(batch.attempts)});
    } else {
      out.push_back(StartAttempts{batch.assignment, slice(batch.attempts, batch.next, count)});
    }
    batch.next += count;
    taken += count;
    if (count == left) batches_.pop_front();
  }
  size_ -= taken;
  return taken;
}

std::size_t Backlog::cancel(Instant now, std::uint64_t assignments_through, OutcomeColumns& out) {
  std::size_t cancelled = 0;
  while (!batches_.empty() && batches_.front().assignment <= assignments_through) {
    const Batch& batch = batches_.front();
    for (std::size_t i = batch.next; i < batch.attempts.size(); ++i, ++cancelled) {
      out.push_back(batch.attempts.task[i], batch.attempts.attempt[i], Outcome::cancelled, now,
                    Duration::zero(), Duration::zero());
    }
    batches_.pop_front();
  }
  size_ -= cancelled;
  return cancelled;
}

void Backlog::clear() {
  batches_.clear();
  size_ = 0;
}

}  // namespace rollcall::worker
