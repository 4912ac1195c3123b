// When a session has to do something without being told.
#pragma once

#include <algorithm>

#include "common/model/time.h"

namespace rollcall::worker {

/// When something is due, each on its own; kNever: not at all.
struct Deadlines {
  Instant hello = kNever;
  Instant heartbeat = kNever;
  Instant report = kNever;   ///< of outcomes that wait for more
  Instant resend = kNever;   ///< of unacknowledged reports
  Instant silence = kNever;  ///< end, if nothing was heard until then
  Instant goodbye = kNever;  ///< said again until it is answered
  Instant leave = kNever;    ///< end, answered or not
  Instant idle = kNever;     ///< leave, if nothing is held until then

  Instant first() const {
    return std::min({hello, heartbeat, report, resend, silence, goodbye, leave, idle});
  }
};

}  // namespace rollcall::worker
