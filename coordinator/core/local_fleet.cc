#include "coordinator/core/local_fleet.h"

namespace rollcall::coordinator {

std::vector<std::uint32_t> LocalFleet::start_all() {
  std::vector<std::uint32_t> tickets;
  failures_.assign(workers_, 0);
  retired_.assign(workers_, false);
  for (std::uint32_t worker = 0; worker < workers_; ++worker) tickets.push_back(start(worker));
  return tickets;
}

std::uint32_t LocalFleet::start(std::uint32_t worker) {
  worker_of_.push_back(worker);
  over_.push_back(false);
  ++running_;
  return static_cast<std::uint32_t>(worker_of_.size());
}

bool LocalFleet::ended(std::uint32_t ticket) {
  if (ticket == 0 || ticket > over_.size() || over_[ticket - 1]) return false;
  over_[ticket - 1] = true;
  --running_;
  return true;
}

std::optional<std::uint32_t> LocalFleet::exited(std::uint32_t ticket) {
  if (!ended(ticket)) return std::nullopt;
  const std::uint32_t worker = worker_of_[ticket - 1];
  if (retired_[worker] || (restarts_ && failures_[worker] >= *restarts_)) return std::nullopt;
  ++failures_[worker];
  return start(worker);
}

void LocalFleet::retire(std::uint32_t ticket) {
  if (ticket != 0 && ticket <= worker_of_.size()) retired_[worker_of_[ticket - 1]] = true;
}

bool LocalFleet::is_retired(std::uint32_t ticket) const {
  return ticket != 0 && ticket <= worker_of_.size() && retired_[worker_of_[ticket - 1]];
}

void LocalFleet::completed(std::uint32_t ticket) {
  if (ticket != 0 && ticket <= worker_of_.size()) failures_[worker_of_[ticket - 1]] = 0;
}

}  // namespace rollcall::coordinator
