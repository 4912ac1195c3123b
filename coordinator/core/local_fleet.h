// The local workers that a coordinator starts: their incarnations, and how often they are
// restarted.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "common/model/ids.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

/// Decides when a local worker that has ended is restarted: at most `restarts` times in a row
/// without a completed task, and at once only if it had joined, else after a delay that grows each
/// time. Each start is an incarnation of its worker and has its own launch id, which is unique over
/// all epochs. Pure; one owner, one thread.
class LocalFleet {
 public:
  LocalFleet(std::uint32_t workers, std::optional<std::uint32_t> restarts, Epoch epoch = 1)
      : workers_(workers),
        restarts_(restarts),
        first_launch_id_((epoch - 1) * kLaunchesPerEpoch + 1) {}

  /// This epoch has given out this launch id.
  bool knows(std::uint32_t launch_id) const {
    return launch_id >= first_launch_id_ && launch_id - first_launch_id_ < worker_of_.size();
  }

  /// The launch ids of the first starts. `present` workers are running already.
  std::vector<std::uint32_t> start_all(std::uint32_t present = 0);
  /// Replaces one of the `present` workers, which has ended. Requires start_all().
  std::uint32_t start_another();
  /// This incarnation has ended. If its worker is to be restarted, that is due later.
  void exited(Instant now, std::uint32_t launch_id);
  /// The launch ids of the restarts that are due by `now`.
  std::vector<std::uint32_t> start_due(Instant now);
  /// When the next restart is due; nullopt if none is planned.
  std::optional<Instant> next_start() const;
  /// Like exited(), at the end of the run: the worker is not restarted. Returns false if the
  /// incarnation had ended before.
  bool ended(std::uint32_t launch_id);
  /// This incarnation was asked to leave, and its worker is not restarted.
  void retire(std::uint32_t launch_id);
  bool is_retired(std::uint32_t launch_id) const;
  /// This incarnation has joined. If it ends, its worker is restarted at once.
  void joined(std::uint32_t launch_id);
  /// Incarnations of its worker in a row that have not joined, up to this one, the newest.
  std::uint32_t lives_not_joined(std::uint32_t launch_id) const {
    return knows(launch_id) ? silent_[worker_of_[launch_id - first_launch_id_]] : 0;
  }
  /// This incarnation has completed a task: its worker has all its restarts again.
  void completed(std::uint32_t launch_id);

  /// Incarnations that have not ended.
  std::uint32_t running() const { return running_; }
  /// No incarnation runs, and no restart is planned.
  bool has_ended() const { return running_ == 0 && due_.empty(); }

  /// Each worker runs once, or is due to be restarted once, or has ended. O(incarnations).
  void check_invariants() const;

 private:
  static constexpr std::uint32_t kLaunchesPerEpoch = 1U << 20U;

  std::uint32_t start(std::uint32_t worker);

  std::uint32_t workers_;
  std::optional<std::uint32_t> restarts_;
  std::uint32_t first_launch_id_;
  std::uint32_t running_ = 0;
  std::vector<std::uint32_t> worker_of_;  ///< by launch id - first_launch_id_
  std::vector<bool> over_;                ///< by launch id - first_launch_id_
  std::vector<std::uint32_t> failures_;   ///< by worker: in a row without a completed task
  std::vector<std::uint32_t> silent_;     ///< by worker: in a row that have not joined
  std::vector<bool> retired_;             ///< by worker
  std::vector<std::pair<Instant, std::uint32_t>> due_;  ///< restarts: when, and of which worker
};

}  // namespace rollcall::coordinator
