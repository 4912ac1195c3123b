// Which failures of commands are retried.
#pragma once

#include <bitset>
#include <string_view>

#include "common/base/result.h"
#include "common/model/task.h"

namespace rollcall::coordinator {

/// The value of --retry-on.
struct RetryReasons {
  static constexpr std::size_t kStatuses = 256;

  std::bitset<kStatuses> statuses;
  bool on_timeout = false;
  bool on_memory = false;  ///< it exceeded --max-memory
  bool on_signal = false;  ///< that Rollcall did not send

  /// Whether a command that has failed so is to be retried. A command that could not be started
  /// counts as with a shell: status 127 if it was not found, else 126.
  bool includes(const CommandResult& result) const;
  /// Sets OutcomeColumns::is_final for all other failures.
  void mark_final(OutcomeColumns& outcomes) const;
};

/// "75,timeout,memory,signal": statuses from 1 to 255, and names. The error describes the expected
/// form.
Result<RetryReasons> parse_retry_reasons(std::string_view text);

}  // namespace rollcall::coordinator
