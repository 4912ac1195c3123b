#include "coordinator/core/local_fleet.h"

namespace rollcall::coordinator {

std::vector<std::uint32_t> LocalFleet::start_all(std::uint32_t present) {
  std::vector<std::uint32_t> tickets;
  while (present + tickets.size() < workers_) tickets.push_back(start_another());
  return tickets;
}

std::uint32_t LocalFleet::start_another() {
  failures_.push_back(0);
  retired_.push_back(false);
  return start(static_cast<std::uint32_t>(failures_.size() - 1));
}

std::uint32_t LocalFleet::start(std::uint32_t worker) {
  worker_of_.push_back(worker);
  over_.push_back(false);
  ++running_;
  return first_ticket_ + static_cast<std::uint32_t>(worker_of_.size() - 1);
}

bool LocalFleet::ended(std::uint32_t ticket) {
  if (!knows(ticket) || over_[ticket - first_ticket_]) return false;
  over_[ticket - first_ticket_] = true;
  --running_;
  return true;
}

std::optional<std::uint32_t> LocalFleet::exited(std::uint32_t ticket) {
  if (!ended(ticket)) return std::nullopt;
  const std::uint32_t worker = worker_of_[ticket - first_ticket_];
  if (retired_[worker] || (restarts_ && failures_[worker] >= *restarts_)) return std::nullopt;
  ++failures_[worker];
  return start(worker);
}

void LocalFleet::retire(std::uint32_t ticket) {
  if (knows(ticket)) retired_[worker_of_[ticket - first_ticket_]] = true;
}

bool LocalFleet::is_retired(std::uint32_t ticket) const {
  return knows(ticket) && retired_[worker_of_[ticket - first_ticket_]];
}

void LocalFleet::completed(std::uint32_t ticket) {
  if (knows(ticket)) failures_[worker_of_[ticket - first_ticket_]] = 0;
}

}  // namespace rollcall::coordinator
