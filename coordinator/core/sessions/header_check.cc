#include "coordinator/core/sessions/header_check.h"

namespace rollcall::coordinator {

std::optional<Reject> check_header(const SessionTable& sessions, const RunNames& names,
                                   ConnectionId from, const Header& header, WorkerBodyKind kind) {
  if (kind == WorkerBodyKind::hello) return std::nullopt;
  const Session* session = sessions.find(from);
  if (session == nullptr) return Reject{RejectReason::say_hello, "unknown connection"};
  if (header.run != names.run || header.epoch != names.epoch || header.session != session->id) {
    return Reject{RejectReason::wrong_epoch, "meant for another run, epoch or session"};
  }
  const bool needs_inventory = kind == WorkerBodyKind::report || kind == WorkerBodyKind::heartbeat;
  if (session->phase == SessionPhase::handshaking && needs_inventory) {
    return Reject{RejectReason::say_hello, "no Inventory since the last Hello"};
  }
  return std::nullopt;
}

}  // namespace rollcall::coordinator
