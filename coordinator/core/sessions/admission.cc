#include "coordinator/core/sessions/admission.h"

#include <algorithm>

namespace rollcall::coordinator {

std::optional<Reject> refusal(const Hello& hello, const KindTraits& traits) {
  if (!traits.needs_slots || hello.command_slots > 0) return std::nullopt;
  return Reject{RejectReason::refused,
                "the worker accepts no commands (--only sleep, or open-file limit too low)"};
}

std::uint32_t slots_for(const Hello& hello, const KindTraits& traits, std::uint32_t by_default) {
  const std::uint32_t wanted = hello.slots > 0 ? hello.slots : by_default;
  if (!traits.needs_slots) return wanted;
  const std::uint32_t offered = wanted > 0 ? wanted : std::max(hello.processors, 1U);
  return std::min(offered, hello.command_slots);
}

SessionRecord record_of(const Hello& hello, std::uint32_t slots, Instant now) {
  SessionRecord record;
  record.id = session_of(hello.secret);
  record.name = hello.name;
  record.host = hello.host;
  record.pid = hello.pid;
  record.slots = slots;
  record.is_local = hello.launch_id != 0;
  record.welcomed = now;
  return record;
}

Welcome terms_of(const RunSpec& spec, const Policy& policy, const Session& session, Instant now) {
  Welcome welcome;
  welcome.nonce = session.nonce;
  welcome.sent = now;
  welcome.kind = spec.kind;
  welcome.slots = session.slots;
  welcome.heartbeat_interval = policy.heartbeat_interval;
  welcome.liveness = policy.liveness;
  welcome.orphan_for = policy.orphan_for;
  welcome.rejoin_for = policy.rejoin_for;
  welcome.max_output = policy.max_output;
  welcome.kill_after = policy.kill_after;
  return welcome;
}

}  // namespace rollcall::coordinator
