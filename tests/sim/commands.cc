#include "tests/sim/commands.h"

#include <algorithm>

#include "tests/sim/world.h"

namespace rollcall::sim {

void Commands::start(Instant now, std::uint64_t assignment, const AttemptColumns& attempts) {
  require(slots_ > 0, "commands were started before they were prepared for");
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    Attempted& next = all_.emplace_back();
    next.assignment = assignment;
    next.task = attempts.task[i];
    next.attempt = attempts.attempt[i];
  }
  spawn(now);
}

void Commands::spawn(Instant now) {
  auto running = static_cast<std::uint32_t>(
      std::count_if(all_.begin(), all_.end(), [](const Attempted& a) { return a.runs; }));
  for (Attempted& next : all_) {
    if (running >= slots_) return;
    if (next.runs || next.waits || next.ends != kNever) continue;
    if (next.is_called_off) {
      next.outcome = Outcome::returned;
      next.started = next.ends = now;
      continue;
    }
    ++running;
    const Fate fate = fate_of(plan_, next.task, next.attempt);
    next.runs = true;
    next.started = now;
    next.outcome = starts_none_ ? Outcome::not_started : fate.outcome;
    next.ends = starts_none_ ? now : now + fate.length;
    if (has_output_ && !starts_none_) open_pipes(next, fate);
    handlers_.spawned(next.task, next.attempt, /*begins=*/true);
  }
}

void Commands::open_pipes(Attempted& next, const Fate& fate) const {
  next.own_outcome = fate.outcome;
  const Duration timeout = plan_.commands.timeout;
  if (timeout > Duration::zero()) next.latest = next.started + timeout;
  next.pipes.emplace(next.started, fate.length,
                     writes_of(plan_, next.task, next.attempt, fate.length));
  run(next, next.started);
}

/// Lets a command with pipes go on until now, or until it ends.
void Commands::run(Attempted& a, Instant now) {
  if (!a.pipes || !a.runs) return;
  a.has_progress |= a.pipes->run(std::min(now, a.latest));
  const bool ends_itself = a.pipes->ends() <= a.latest;
  a.ends = ends_itself ? a.pipes->ends() : a.latest;
  a.outcome = ends_itself ? a.own_outcome : a.other_outcome;
}

void Commands::return_waiting(std::uint64_t assignments_through) {
  for (Attempted& a : all_) {
    a.is_called_off |= !a.runs && !a.waits && a.assignment <= assignments_through;
  }
}

void Commands::take_ended(Instant now, OutcomeColumns& out) {
  std::vector<Attempted*> ended;
  for (Attempted& a : all_) {
    run(a, now);
    if (a.ends <= now) ended.push_back(&a);
  }
  std::stable_sort(ended.begin(), ended.end(),
                   [](const Attempted* a, const Attempted* b) { return a->ends < b->ends; });
  for (Attempted* a : ended) end(now, *a, out);
  for (std::size_t i = 0; i < released_.size(); ++i) {
    Attempted* a = find(released_.task[i], released_.attempt[i]);
    if (a != nullptr && a->waits) give(*a, out);
  }
  released_ = {};
  std::erase_if(all_, [](const Attempted& a) { return a.is_over; });
  spawn(now);
}

/// Its slot is free. An outcome that needs more than a tail waits until its output was sent.
void Commands::end(Instant now, Attempted& a, OutcomeColumns& out) {
  a.ran = a.runs ? now - a.started : Duration::zero();
  a.runs = false;
  a.ends = kNever;
  if (a.pipes) {
    a.pipes->drain();
    if (!a.pipes->has_begun()) drop_if_cancelled(a);
  }
  if (!a.pipes || !a.pipes->must_be_sent()) return give(a, out);
  a.waits = a.has_progress = true;
}

/// A command that ended before the Cancel arrived, or was faster, counts as cancelled if some of
/// its output is dropped.
void Commands::drop_if_cancelled(Attempted& a) {
  if (!a.is_cancelled) return;
  const StreamBytes dropped = a.pipes->drop_unsent();
  if (dropped == StreamBytes{}) return;
  a.dropped = dropped;
  a.outcome = Outcome::cancelled;
}

void Commands::give(Attempted& a, OutcomeColumns& out) const {
  a.is_over = true;
  out.push_back(a.task, a.attempt, a.outcome, a.started, a.ran, Duration::zero());
  if (!has_output_) return;
  out.command.resize(out.size());
  handlers_.wrote(a.task, a.attempt, a.pipes ? a.pipes->written() : StreamBytes{});
  if (!a.pipes) return;
  CommandResult& result = out.command.back();
  const StreamBytes before = a.pipes->before();
  const StreamBytes tail = a.pipes->unsent();
  result.out_before = before[index(OutputStream::out)];
  result.err_before = before[index(OutputStream::err)];
  result.out.assign(tail[index(OutputStream::out)], 'o');
  result.err.assign(tail[index(OutputStream::err)], 'e');
  result.out_dropped = a.dropped[index(OutputStream::out)];
  result.err_dropped = a.dropped[index(OutputStream::err)];
}

void Commands::cancel(Instant now, std::uint64_t assignments_through) {
  for (Attempted& a : all_) {
    if (a.assignment <= assignments_through) cancel(now, a);
  }
}

void Commands::cancel_listed(Instant now, const worker::AttemptSet& attempts) {
  for (Attempted& a : all_) {
    if (attempts.contains({a.task, a.attempt})) cancel(now, a);
  }
}

void Commands::cancel(Instant now, Attempted& a) {
  run(a, now);
  a.is_cancelled = true;
  a.has_progress |= a.waits;
  if (a.waits) return;
  const Duration takes = a.runs ? fate_of(plan_, a.task, a.attempt).dies_within : Duration::zero();
  if (now + takes >= a.ends) return;  // it is faster
  if (!a.runs) {
    a.started = now;
    handlers_.spawned(a.task, a.attempt, /*begins=*/false);
  }
  a.outcome = a.other_outcome = Outcome::cancelled;
  a.ends = a.latest = now + takes;
}

void Commands::list(HeldColumns& out) const {
  for (const Attempted& a : all_) {
    out.task.push_back(a.task);
    out.attempt.push_back(a.attempt);
  }
}

std::optional<Instant> Commands::next_end() const {
  Instant next = kNever;
  for (const Attempted& a : all_) {
    next = std::min(next, a.ends);
    if (a.pipes && a.runs) next = std::min(next, a.pipes->next_event());
    if (a.has_progress) next = std::min(next, a.started);
  }
  return next == kNever ? std::nullopt : std::optional(next);
}

// Output in chunks.

Commands::Attempted* Commands::find(TaskId task, Attempt attempt) {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const Attempted& a) {
    return a.task == task && a.attempt == attempt && a.pipes && !a.is_over;
  });
  return found == all_.end() ? nullptr : &*found;
}

void Commands::take_progress(Instant now, std::vector<worker::OutputProgress>& out) {
  for (Attempted& a : all_) {
    run(a, now);
    if (!std::exchange(a.has_progress, false)) continue;
    if (a.waits) drop_if_cancelled(a);
    worker::OutputProgress& progress = out.emplace_back();
    progress.task = a.task;
    progress.attempt = a.attempt;
    progress.bytes = a.pipes->read();
    progress.has_ended = a.waits;
  }
}

bool Commands::send(const worker::OutputPart& part) {
  Attempted* a = find(part.task, part.attempt);
  return a != nullptr && a->pipes->send(part);
}

void Commands::forget(const worker::ForgottenOutput& forgotten) {
  Attempted* a = find(forgotten.task, forgotten.attempt);
  if (a != nullptr) a->pipes->forget(forgotten);
}

void Commands::release(const HeldColumns& attempts) {
  append(released_, attempts);
}

}  // namespace rollcall::sim
