#include "coordinator/view/command_failure.h"

#include <fmt/core.h>

#include <cstddef>
#include <cstring>

#include "common/base/text.h"
#include "common/cli/duration_text.h"

namespace rollcall::coordinator {
namespace {

constexpr std::size_t kReasonBytes = 1'000;

std::string signal_text(int signal) {
  const char* name = ::sigabbrev_np(signal);
  if (name == nullptr) return fmt::format("signal {}", signal);
  return fmt::format("signal {} (SIG{})", signal, name);
}

/// After the time limit the command may take until --kill-after to end.
std::string timed_out_text(Duration timeout, Duration elapsed) {
  const std::string limit = format_seconds(timeout);
  const std::string end = format_seconds(elapsed);
  if (timeout == Duration::zero()) return fmt::format("timed out after {} s", end);
  if (limit == end) return fmt::format("timed out after {} s", limit);
  return fmt::format("timed out after {} s, ended after {} s", limit, end);
}

}  // namespace

std::string how_it_failed(Outcome outcome, const std::optional<CommandFacts>& facts,
                          Duration timeout, Duration elapsed) {
  if (outcome == Outcome::lost) return "lost: too many lost workers, or no worker left";
  if (!facts) return std::string(to_string(outcome));
  switch (facts->end) {
    case CommandEnd::exited:
      return fmt::format("exit status {}", facts->status);
    case CommandEnd::signalled:
      return signal_text(facts->signal);
    case CommandEnd::timed_out:
      return timed_out_text(timeout, elapsed);
    case CommandEnd::cancelled:
      return "cancelled";
    case CommandEnd::out_of_memory:
      return facts->error.empty() ? "out of memory" : printable(facts->error, kReasonBytes);
    case CommandEnd::not_started:
      return printable(facts->error, kReasonBytes);
  }
  return std::string(to_string(outcome));
}

}  // namespace rollcall::coordinator
