// The local workers that a coordinator starts: which lives they have had, and how many are left.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace rollcall::coordinator {

/// Decides when a local worker that has ended is started again: at most `restarts` times in a row
/// without a completed task. Tickets name lives: each start has its own, from 1. Pure.
class LocalFleet {
 public:
  LocalFleet(std::uint32_t workers, std::optional<std::uint32_t> restarts)
      : workers_(workers), restarts_(restarts) {}

  /// The tickets of the first starts.
  std::vector<std::uint32_t> start_all();
  /// The life with this ticket is over. Returns the ticket of the next one, or nothing.
  std::optional<std::uint32_t> exited(std::uint32_t ticket);
  /// The same at the end of the run: there is no next one. False: it was known.
  bool ended(std::uint32_t ticket);
  /// Whoever is in the life with this ticket is to leave: nobody follows it.
  void retire(std::uint32_t ticket);
  bool is_retired(std::uint32_t ticket) const;
  /// The life with this ticket has completed a task: its worker has all its restarts again.
  void completed(std::uint32_t ticket);

  /// Lives that have not ended.
  std::uint32_t running() const { return running_; }

 private:
  std::uint32_t start(std::uint32_t worker);

  std::uint32_t workers_;
  std::optional<std::uint32_t> restarts_;
  std::uint32_t running_ = 0;
  std::vector<std::uint32_t> worker_of_;  ///< by ticket - 1
  std::vector<bool> over_;                ///< by ticket - 1
  std::vector<std::uint32_t> failures_;   ///< by worker: lives in a row that completed nothing
  std::vector<bool> retired_;             ///< by worker
};

}  // namespace rollcall::coordinator
