// The local workers that a coordinator starts: which lives they have had, and how many are left.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "common/model/ids.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

/// Decides when a local worker that has ended is started again: at most `restarts` times in a row
/// without a completed task, and at once only if it had joined: else after a pause that grows each
/// time. Launch ids name lives: each start has its own, and no epoch has those of
/// another. Pure.
class LocalFleet {
 public:
  LocalFleet(std::uint32_t workers, std::optional<std::uint32_t> restarts, Epoch epoch = 1)
      : workers_(workers),
        restarts_(restarts),
        first_launch_id_((epoch - 1) * kLaunchesPerEpoch + 1) {}

  /// Whether this launch id was given out here.
  bool knows(std::uint32_t launch_id) const {
    return launch_id >= first_launch_id_ && launch_id - first_launch_id_ < worker_of_.size();
  }

  /// The launch ids of the first starts; `present` workers are there already.
  std::vector<std::uint32_t> start_all(std::uint32_t present = 0);
  /// In place of one that was there already and has ended. Requires start_all().
  std::uint32_t start_another();
  /// The life with this launch id is over; if its worker is to have another one, that is due later.
  void exited(Instant now, std::uint32_t launch_id);
  /// The launch ids of the lives that are to begin by `now`.
  std::vector<std::uint32_t> start_due(Instant now);
  /// When the next one is to begin; nullopt: none is.
  std::optional<Instant> next_start() const;
  /// The same at the end of the run: there is no next one. False: it was known.
  bool ended(std::uint32_t launch_id);
  /// Whoever is in the life with this launch id is to leave: nobody follows it.
  void retire(std::uint32_t launch_id);
  bool is_retired(std::uint32_t launch_id) const;
  /// The life with this launch id has joined: if it ends, the next one begins at once.
  void joined(std::uint32_t launch_id);
  /// Of its worker: lives in a row up to this one, its newest, that have not joined.
  std::uint32_t lives_not_joined(std::uint32_t launch_id) const {
    return knows(launch_id) ? silent_[worker_of_[launch_id - first_launch_id_]] : 0;
  }
  /// The life with this launch id has completed a task: its worker has all its restarts again.
  void completed(std::uint32_t launch_id);

  /// Lives that have not ended.
  std::uint32_t running() const { return running_; }
  /// No life goes on, and none is to come.
  bool has_ended() const { return running_ == 0 && due_.empty(); }

 private:
  static constexpr std::uint32_t kLaunchesPerEpoch = 1U << 20U;

  std::uint32_t start(std::uint32_t worker);

  std::uint32_t workers_;
  std::optional<std::uint32_t> restarts_;
  std::uint32_t first_launch_id_;
  std::uint32_t running_ = 0;
  std::vector<std::uint32_t> worker_of_;  ///< by launch id - first_launch_id_
  std::vector<bool> over_;                ///< by launch id - first_launch_id_
  std::vector<std::uint32_t> failures_;   ///< by worker: lives in a row that completed nothing
  std::vector<std::uint32_t> silent_;     ///< by worker: lives in a row that have not joined
  std::vector<bool> retired_;             ///< by worker
  std::vector<std::pair<Instant, std::uint32_t>> due_;  ///< workers whose next life is to begin
};

}  // namespace rollcall::coordinator
