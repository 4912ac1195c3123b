// What a coordinator answers to those who ask it on its control socket.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "coordinator/core/scheduler.h"

namespace rollcall::coordinator {

/// Attempts that workers hold and have slots for.
std::uint64_t running_of(const Scheduler& scheduler);

/// Reads a request, one JSON object, and says what the answer is, another one on one line:
///   {"command": "status"}                                  rollcall/status/1, see docs/reference
///   {"command": "drain", "worker": NAME, "mode": MODE}     {"draining": [{"name", "session"}]}
/// What cannot be done is {"error": TEXT}. Pure; one owner, one thread. The scheduler outlives it.
class ControlDesk {
 public:
  /// `happened`: gives the scheduler an event.
  ControlDesk(const Scheduler& scheduler, std::function<void(const Event&)> happened)
      : scheduler_(scheduler), happened_(std::move(happened)) {}

  std::string answer(Instant now, const std::string& request);

 private:
  std::string status(Instant now);
  std::string drain(const std::string& worker, DrainMode mode);
  std::uint64_t failed();

  const Scheduler& scheduler_;
  std::function<void(const Event&)> happened_;
  std::size_t counted_ = 0;  ///< records that are in `failed_`
  std::uint64_t failed_ = 0;
};

}  // namespace rollcall::coordinator
