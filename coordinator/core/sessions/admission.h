// Which workers may take part in a run, and on which terms.
#pragma once

#include <cstdint>
#include <optional>

#include "common/messages/message.h"
#include "common/model/time.h"
#include "coordinator/core/model/policy.h"
#include "coordinator/core/model/records.h"
#include "coordinator/core/sessions/session_table.h"

namespace rollcall::coordinator {

/// Why the worker cannot run the tasks of this run; nullopt if it can.
std::optional<Reject> refusal(const Hello& hello, const RunSpec& spec, const Policy& policy);

/// The slots that the worker gets; 0: no limit. If it asks for none it gets `by_default`, unless
/// that is 0. Those of a kind that needs slots are bounded by what the worker's system allows.
/// Requires that the worker is not refused.
std::uint32_t slots_for(const Hello& hello, const KindTraits& traits, std::uint32_t by_default = 0);

/// The record of a session that joins now.
SessionRecord record_of(const Hello& hello, std::uint32_t slots, Instant now);

/// The terms of the run. The scheduler fills in what depends on its progress: `list_held` and
/// `reports_committed`.
Welcome terms_of(const Policy& policy, const Session& session, Instant now);

/// The header of the only job of the run, for this session.
Job job_of(const RunSpec& spec, const Policy& policy, const Session& session);

}  // namespace rollcall::coordinator
