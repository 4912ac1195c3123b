#include "worker/core/backlog.h"

#include <algorithm>
#include <utility>

#include "worker/core/columns.h"

namespace rollcall::worker {

void Backlog::push(std::uint64_t assignment, const AttemptColumns& attempts, const Jobs& jobs) {
  if (attempts.size() == 0) return;
  const std::vector<JobId>& job = attempts.job;
  if (job.empty()) return add_batch(assignment, attempts, jobs.of(kFirstJob));
  for (std::size_t begin = 0; begin < job.size();) {
    std::size_t end = begin + 1;
    while (end < job.size() && job[end] == job[begin]) ++end;
    add_batch(assignment, slice(attempts, begin, end - begin), jobs.of(job[begin]));
    begin = end;
  }
}

void Backlog::add_batch(std::uint64_t assignment, AttemptColumns attempts,
                        std::shared_ptr<const Job> job) {
  const std::size_t count = attempts.size();
  batches_.push_back({assignment, std::move(attempts), std::move(job), pushed_, 0, count});
  size_ += count;
  pushed_ += count;
}

Backlog::Taken Backlog::take(std::size_t slots, Actions& out) {
  Taken taken;
  while (!batches_.empty()) {
    Batch& batch = batches_.front();
    const bool needs_slot = takes_slot(*batch.job);
    const std::size_t room = needs_slot ? slots - taken.with_slot : batch.attempts.size();
    if (room == 0) break;
    const std::size_t count = std::min(room, batch.end - batch.next);
    if (count == batch.attempts.size()) {
      out.push_back(StartAttempts{batch.assignment, std::move(batch.attempts), batch.job});
      batches_.pop_front();
    } else {
      out.push_back(
          StartAttempts{batch.assignment, slice(batch.attempts, batch.next, count), batch.job});
      batch.next += count;
    }
    if (needs_slot) taken.with_slot += count;
    taken.attempts += count;
    taken.places += count + pass_empty_batches();
  }
  size_ -= taken.attempts;
  return taken;
}

/// Passes the places of returned and cancelled attempts that are first now. Returns their number.
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

/// Cuts the batch behind each attempt that `named` contains: that attempt is the end of its piece.
/// Returns false, and changes nothing, if there is none.
bool Backlog::split(Instant now, Batch& batch, AttemptSet& named, std::deque<Batch>& pieces,
                    OutcomeColumns& out) {
  const AttemptColumns& all = batch.attempts;
  std::size_t begin = 0;  // of the next piece
  const auto add_piece = [&](std::size_t size, std::size_t end) {
    pieces.push_back({batch.assignment, slice(all, begin, size), batch.job,
                      batch.first_place + begin, begin == 0 ? batch.next : 0, end - begin});
    begin += size;
  };
  for (std::size_t i = batch.next; i < batch.end && !named.empty(); ++i) {
    if (named.erase({all.task[i], all.attempt[i]}) == 0) continue;
    out.push_back(all.task[i], all.attempt[i], Outcome::cancelled, now, Duration::zero(),
                  Duration::zero());
    --size_;
    add_piece(i + 1 - begin, i);
  }
  if (begin == 0) return false;
  if (begin < all.size()) add_piece(all.size() - begin, std::max(begin, batch.end));
  return true;
}

std::size_t Backlog::cancel_listed(Instant now, AttemptSet& named, OutcomeColumns& out) {
  std::deque<Batch> pieces;
  for (Batch& batch : batches_) {
    if (!split(now, batch, named, pieces, out)) pieces.push_back(std::move(batch));
  }
  batches_ = std::move(pieces);
  const std::size_t places = pass_empty_batches();
  return places;
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
