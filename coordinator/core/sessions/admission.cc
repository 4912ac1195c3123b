#include "coordinator/core/sessions/admission.h"

#include <fmt/core.h>

#include <algorithm>

namespace rollcall::coordinator {

std::optional<Reject> refusal(const Hello& hello, const RunSpec& spec, const Policy& policy) {
  if (policy.nice > 0 && !hello.features.test(kNiceness)) {
    return Reject{RejectReason::refused,
                  "the worker cannot run commands with --nice: it is of an earlier version"};
  }
  if (policy.max_memory > 0 && !hello.features.test(kMemoryLimit)) {
    return Reject{RejectReason::refused,
                  "the worker cannot run commands with --max-memory: it is of an earlier version"};
  }
  if (spec.traits.needs_slots && hello.command_slots == 0) {
    return Reject{RejectReason::refused,
                  "the worker accepts no commands (--only sleep, or open-file limit too low)"};
  }
  if ((hello.kinds & set_of(spec.kind)).any()) return std::nullopt;
  return Reject{RejectReason::refused,
                fmt::format("the worker cannot run tasks of kind {}", to_string(spec.kind))};
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

Welcome terms_of(const Policy& policy, const Session& session, Instant now) {
  Welcome welcome;
  welcome.nonce = session.nonce;
  welcome.sent = now;
  welcome.slots = session.slots;
  welcome.heartbeat_interval = policy.heartbeat_interval;
  welcome.liveness = policy.liveness;
  welcome.orphan_for = policy.orphan_for;
  welcome.rejoin_for = policy.rejoin_for;
  return welcome;
}

Job job_of(const RunSpec& spec, const Policy& policy, const Session& session) {
  Job job;
  job.kind = spec.kind;
  job.needs_slot = spec.traits.needs_slots || session.slots > 0;
  job.kill_after = policy.kill_after;
  job.max_output = policy.max_output;
  job.nice = policy.nice;
  job.max_memory = policy.max_memory;
  return job;
}

}  // namespace rollcall::coordinator
