// The lines of the log about workers that join, return and leave.
#pragma once

#include <cstdint>

#include "common/base/log_line.h"
#include "coordinator/core/event.h"
#include "coordinator/core/model/records.h"

namespace rollcall::coordinator {

/// "worker joined name=n1-7 host=n1 session=... worker_pid=7 slots=4". Without a limit it has no
/// slots.
LogLine joined_line(const SessionRecord& session);
/// "worker is back ... silent=\"2.1 s\""
LogLine back_line(const SessionRecord& session, const PublishBack& back);
/// "worker lost ... reason=\"no heartbeat for 3 s\" tasks=7 returned=5"; "worker drained ...", or
/// "worker left ..." if it has said Goodbye. `tasks`: those that it has ended; `returned`: those
/// that are pending again.
LogLine left_line(const SessionRecord& session, bool has_drained, std::uint64_t returned);

}  // namespace rollcall::coordinator
