#include "worker/core/backlog.h"

#include <algorithm>
#include <utility>

#include "worker/core/columns.h"

namespace rollcall::worker {

void Backlog::push(std::uint64_t assignment, const AttemptColumns& attempts) {
  if (attempts.size() == 0) return;
  batches_.push_back({assignment, attempts, pushed_, 0, attempts.size()});
  size_ += attempts.size();
  pushed_ += attempts.size();
}

Backlog::Taken Backlog::take(std::size_t room, Actions& out) {
  Taken taken;
  while (taken.attempts < room && !batches_.empty()) {
    Batch& batch = batches_.front();
    const std::size_t count = std::min(room - taken.attempts, batch.end - batch.next);
    if (count == batch.attempts.size()) {
      out.push_back(StartAttempts{batch.assignment, std::move(batch.attempts)});
      batches_.pop_front();
    } else {
      out.push_back(StartAttempts{batch.assignment, slice(batch.attempts, batch.next, count)});
      batch.next += count;
    }
    taken.attempts += count;
    taken.places += count + pass_empty_batches();
  }
  size_ -= taken.attempts;
  return taken;
}

/// Passes the places of returned attempts that are first now. Returns their number.
std::size_t Backlog::pass_empty_batches() {
  std::size_t places = 0;
  while (!batches_.empty() && batches_.front().next == batches_.front().end) {
    places += batches_.front().attempts.size() - batches_.front().end;
    batches_.pop_front();
  }
  return places;
}

void Backlog::append(const Batch& batch, std::size_t begin, Instant now, Outcome outcome,
                     OutcomeColumns& out) const {
  for (std::size_t i = begin; i < batch.end; ++i) {
    out.push_back(batch.attempts.task[i], batch.attempts.attempt[i], outcome, now, Duration::zero(),
                  Duration::zero());
  }
}

std::size_t Backlog::cancel(Instant now, std::uint64_t assignments_through, OutcomeColumns& out) {
  std::size_t places = 0;
  while (!batches_.empty() && batches_.front().assignment <= assignments_through) {
    const Batch& batch = batches_.front();
    append(batch, batch.next, now, Outcome::cancelled, out);
    size_ -= batch.end - batch.next;
    places += batch.attempts.size() - batch.next;
    batches_.pop_front();
  }
  return places + pass_empty_batches();
}

std::size_t Backlog::return_unstarted(Instant now, std::uint64_t assignments_through,
                                      std::uint64_t keep, OutcomeColumns& out) {
  for (Batch& batch : batches_) {
    if (batch.assignment > assignments_through) break;
    const std::uint64_t kept = keep - std::min(keep, batch.first_place);
    const std::size_t end = std::clamp<std::uint64_t>(kept, batch.next, batch.end);
    append(batch, end, now, Outcome::returned, out);
    size_ -= batch.end - end;
    batch.end = end;
  }
  return pass_empty_batches();
}

void Backlog::list(AttemptSet& unacknowledged, HeldColumns& out) const {
  for (const Batch& batch : batches_) {
    for (std::size_t i = batch.next; i < batch.attempts.size(); ++i) {
      const TaskId task = batch.attempts.task[i];
      const Attempt attempt = batch.attempts.attempt[i];
      const bool is_held = i < batch.end || unacknowledged.erase({task, attempt}) > 0;
      out.task.push_back(task);
      out.attempt.push_back(is_held ? attempt : Attempt{0});
    }
  }
}

void Backlog::clear() {
  batches_.clear();
  size_ = 0;
  pushed_ = 0;
}

}  // namespace rollcall::worker
