#include "coordinator/core/local_fleet.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

/// The delay after this many incarnations in a row that have not joined.
Duration pause_after(std::uint32_t lives) {
  if (lives == 0) return Duration::zero();
  Duration pause = limits::restart_first;
  for (std::uint32_t i = 1; i < lives && pause < limits::restart_longest; ++i) pause *= 2;
  return std::min(pause, limits::restart_longest);
}

}  // namespace

std::vector<std::uint32_t> LocalFleet::start_all(std::uint32_t present) {
  std::vector<std::uint32_t> launch_ids;
  while (present + launch_ids.size() < workers_) launch_ids.push_back(start_another());
  return launch_ids;
}

std::uint32_t LocalFleet::start_another() {
  failures_.push_back(0);
  silent_.push_back(0);
  retired_.push_back(false);
  return start(static_cast<std::uint32_t>(failures_.size() - 1));
}

std::uint32_t LocalFleet::start(std::uint32_t worker) {
  ++silent_[worker];  // until it joins
  worker_of_.push_back(worker);
  over_.push_back(false);
  ++running_;
  return first_launch_id_ + static_cast<std::uint32_t>(worker_of_.size() - 1);
}

bool LocalFleet::ended(std::uint32_t launch_id) {
  if (!knows(launch_id) || over_[launch_id - first_launch_id_]) return false;
  over_[launch_id - first_launch_id_] = true;
  --running_;
  return true;
}

void LocalFleet::exited(Instant now, std::uint32_t launch_id) {
  if (!ended(launch_id)) return;
  const std::uint32_t worker = worker_of_[launch_id - first_launch_id_];
  if (retired_[worker] || (restarts_ && failures_[worker] >= *restarts_)) return;
  ++failures_[worker];
  due_.emplace_back(now + pause_after(silent_[worker]), worker);
}

std::vector<std::uint32_t> LocalFleet::start_due(Instant now) {
  std::vector<std::uint32_t> launch_ids;
  for (const auto& [when, worker] : due_) {
    if (when <= now) launch_ids.push_back(start(worker));
  }
  std::erase_if(due_, [now](const auto& next) { return next.first <= now; });
  return launch_ids;
}

std::optional<Instant> LocalFleet::next_start() const {
  if (due_.empty()) return std::nullopt;
  return std::min_element(due_.begin(), due_.end())->first;
}

void LocalFleet::joined(std::uint32_t launch_id) {
  if (knows(launch_id)) silent_[worker_of_[launch_id - first_launch_id_]] = 0;
}

void LocalFleet::retire(std::uint32_t launch_id) {
  if (knows(launch_id)) retired_[worker_of_[launch_id - first_launch_id_]] = true;
}

bool LocalFleet::is_retired(std::uint32_t launch_id) const {
  return knows(launch_id) && retired_[worker_of_[launch_id - first_launch_id_]];
}

void LocalFleet::completed(std::uint32_t launch_id) {
  if (knows(launch_id)) failures_[worker_of_[launch_id - first_launch_id_]] = 0;
}

void LocalFleet::check_invariants() const {
  CHECK(over_.size() == worker_of_.size());
  CHECK(silent_.size() == failures_.size() && retired_.size() == failures_.size());
  std::vector<std::uint32_t> present(failures_.size());  // running, or due to be restarted
  std::uint32_t running = 0;
  for (std::size_t i = 0; i < worker_of_.size(); ++i) {
    if (over_[i]) continue;
    ++present[worker_of_[i]];
    ++running;
  }
  for (const auto& [when, worker] : due_) ++present[worker];
  CHECK(running == running_);
  CHECK(std::all_of(present.begin(), present.end(), [](std::uint32_t n) { return n <= 1; }));
}

}  // namespace rollcall::coordinator
