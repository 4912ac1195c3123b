// Which messages are refused for their header alone, before their body is read.
#pragma once

#include <optional>

#include "common/messages/message.h"
#include "common/messages/worker_body_kind.h"
#include "coordinator/core/sessions/session_table.h"

namespace rollcall::coordinator {

/// The run and epoch that every message but Hello must name.
struct RunNames {
  RunId run;
  Epoch epoch = 0;
};

/// Why the message is refused, whatever its body holds; nullopt: its body decides. Anyone may send
/// a Hello. A session that handshakes may send its Inventory or a Goodbye; its reports and
/// heartbeats were sent before its Hello, and it will repeat them.
std::optional<Reject> check_header(const SessionTable& sessions, const RunNames& names,
                                   ConnectionId from, const Header& header, WorkerBodyKind kind);

}  // namespace rollcall::coordinator
