#include "coordinator/exec/results/retry_reasons.h"

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace rollcall::coordinator {

bool RetryReasons::includes(const CommandResult& result) const {
  constexpr std::size_t kNotFound = 127;
  constexpr std::size_t kNotStarted = 126;
  switch (result.end) {
    case CommandEnd::exited:
      return result.status >= 0 && statuses[static_cast<std::size_t>(result.status) % kStatuses];
    case CommandEnd::signalled:
      return on_signal;
    case CommandEnd::timed_out:
      return on_timeout;
    case CommandEnd::out_of_memory:
      return on_memory;
    case CommandEnd::not_started:
      return statuses[result.error == ENOENT ? kNotFound : kNotStarted];
    case CommandEnd::cancelled:
      break;
  }
  return true;
}

void RetryReasons::mark_final(OutcomeColumns& outcomes) const {
  outcomes.is_final.assign(outcomes.size(), 0);
  if (outcomes.command.empty()) return;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Outcome outcome = outcomes.outcome[i];
    if (outcome != Outcome::failed && outcome != Outcome::timed_out) continue;
    if (!includes(outcomes.command[i])) outcomes.is_final[i] = 1;
  }
}

Result<RetryReasons> parse_retry_reasons(std::string_view text) {
  const Error expected = permanent(
      "expected exit statuses from 1 to 255, timeout, memory or signal, separated by commas, such "
      "as 75,timeout");
  RetryReasons reasons;
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string_view reason = text.substr(0, comma);
    std::uint8_t status = 0;
    const auto [end, error] = std::from_chars(reason.data(), reason.data() + reason.size(), status);
    if (reason == "timeout") {
      reasons.on_timeout = true;
    } else if (reason == "memory") {
      reasons.on_memory = true;
    } else if (reason == "signal") {
      reasons.on_signal = true;
    } else if (error == std::errc() && end == reason.data() + reason.size() && status > 0) {
      reasons.statuses.set(status);
    } else {
      return expected;
    }
    if (comma == std::string_view::npos) return reasons;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace rollcall::coordinator
