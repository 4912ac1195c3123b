// Names for the bodies of the messages of a worker.
#pragma once

#include <cstdint>

#include "common/messages/worker_message.h"

namespace rollcall {

/// Which body a message has: the alternatives of WorkerBody, in their order.
enum class WorkerBodyKind : std::uint8_t { hello, inventory, report, heartbeat, goodbye, output };

inline WorkerBodyKind kind_of(const WorkerBody& body) {
  return static_cast<WorkerBodyKind>(body.index());
}

}  // namespace rollcall
