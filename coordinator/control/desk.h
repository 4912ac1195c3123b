// Answers requests that arrive on the control socket of a coordinator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "coordinator/control/lines.h"
#include "coordinator/core/scheduler.h"

namespace rollcall::coordinator {

/// Number of attempts that run on workers: those they hold, up to their slots.
std::uint64_t running_of(const Scheduler& scheduler);

/// Request and answer are JSON objects; the answer is one line:
///   {"command": "status"}                                  rollcall/status/1, see docs/reference
///   {"command": "drain", "worker": WORKER, "mode": MODE}   rollcall/drain/1
///   {"command": "cancel", "tasks": [[FIRST, LAST], ...]}   rollcall/cancel/1; "all": all tasks
///   {"command": "pause"}, {"command": "unpause"}           rollcall/pause/1
///   {"command": "slots", "worker": WORKER, "slots": N}     rollcall/slots/1
///   {"command": "follow", "task": N}                       many lines, see Followers
/// WORKER is "all", or selects connected workers by the first of these that any has: the name; the
/// session; the host; the beginning of a name or session, which only one may have.
/// An invalid request is answered with {"error": TEXT}. Does no I/O. Used by one thread. The
/// scheduler must outlive it.
class ControlDesk {
 public:
  /// Returns the output of a task that exists, or why it cannot be followed.
  using Follow = std::function<Result<std::shared_ptr<ControlLines>>(TaskId)>;

  /// `step` passes an event to the scheduler. `command` returns what a task runs, or an empty text.
  ControlDesk(const Scheduler& scheduler, std::function<void(const Event&)> step,
              std::function<std::string(TaskId)> command, Follow follow)
      : scheduler_(scheduler),
        step_(std::move(step)),
        command_(std::move(command)),
        follow_(std::move(follow)) {}

  /// Returns the answer to one request.
  ControlAnswer answer(Instant now, const std::string& request);

 private:
  std::string status(Instant now);
  std::string drain(const std::string& worker, DrainMode mode);
  std::string cancel(const nlohmann::json& json);
  std::string pause(bool is_paused);
  std::string limit_slots(const std::string& worker, std::optional<std::uint32_t> slots);
  ControlAnswer follow(std::optional<std::uint32_t> task);
  std::string unknown_task(std::uint64_t task) const;
  Result<std::vector<SessionIndex>> select(const std::string& worker) const;
  std::uint64_t failed();

  const Scheduler& scheduler_;
  std::function<void(const Event&)> step_;
  std::function<std::string(TaskId)> command_;
  Follow follow_;
  std::size_t counted_ = 0;  ///< records that `failed_` includes
  std::uint64_t failed_ = 0;
};

}  // namespace rollcall::coordinator
