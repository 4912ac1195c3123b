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
    if (next.ends != kNever) continue;
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
    spawned_(next.task, next.attempt, /*begins=*/true);
  }
}

void Commands::return_waiting(std::uint64_t assignments_through) {
  for (Attempted& a : all_) a.is_called_off |= !a.runs && a.assignment <= assignments_through;
}

void Commands::take_ended(Instant now, OutcomeColumns& out) {
  std::vector<Attempted> ended;
  std::copy_if(all_.begin(), all_.end(), std::back_inserter(ended),
               [now](const Attempted& a) { return a.ends <= now; });
  std::erase_if(all_, [now](const Attempted& a) { return a.ends <= now; });
  std::stable_sort(ended.begin(), ended.end(),
                   [](const Attempted& a, const Attempted& b) { return a.ends < b.ends; });
  for (const Attempted& a : ended) {
    const Duration ran = a.runs ? now - a.started : Duration::zero();
    out.push_back(a.task, a.attempt, a.outcome, a.started, ran, Duration::zero());
  }
  spawn(now);
}

void Commands::cancel(Instant now, std::uint64_t assignments_through) {
  for (Attempted& a : all_) {
    if (a.assignment > assignments_through) continue;
    const Duration takes =
        a.runs ? fate_of(plan_, a.task, a.attempt).dies_within : Duration::zero();
    if (now + takes >= a.ends) continue;  // it is faster
    if (!a.runs) {
      a.started = now;
      spawned_(a.task, a.attempt, /*begins=*/false);
    }
    a.outcome = Outcome::cancelled;
    a.ends = now + takes;
  }
}

void Commands::list(HeldColumns& out) const {
  for (const Attempted& a : all_) {
    out.task.push_back(a.task);
    out.attempt.push_back(a.attempt);
  }
}

std::optional<Instant> Commands::next_end() const {
  Instant next = kNever;
  for (const Attempted& a : all_) next = std::min(next, a.ends);
  return next == kNever ? std::nullopt : std::optional(next);
}

}  // namespace rollcall::sim
