#include "worker/core/unreachable.h"

#include "common/cli/duration_text.h"
#include "common/limits.h"

namespace rollcall::worker {

std::optional<LogLine> Unreachable::failed(Instant now, const std::string& endpoint,
                                           const std::string& cause) {
  if (endpoint != endpoint_ || cause != cause_) {
    endpoint_ = endpoint;
    cause_ = cause;
    logged_ = now;
    repeats_ = 0;
    return line();
  }
  ++repeats_;
  if (now - logged_ < limits::unreachable_lines) return std::nullopt;
  LogLine again = line();
  again.add("times", repeats_).add("within", format_brief(now - logged_));
  logged_ = now;
  repeats_ = 0;
  return again;
}

LogLine Unreachable::line() const {
  return LogLine("cannot reach the coordinator").add("endpoint", endpoint_).add("cause", cause_);
}

}  // namespace rollcall::worker
