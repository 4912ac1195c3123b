// What was asked for when the run in a journal began, for those who go on with it or report it.
#pragma once

#include <string>
#include <variant>

#include "common/result.h"
#include "coordinator/options.h"

namespace rollcall::coordinator {

using KeptOptions = std::variant<SleepOptions, ExecOptions>;

/// The options of the run in this journal, with `journal` and `resumes_as_kept` set. Error:
/// permanent, one line: it cannot be read.
[[nodiscard]] Result<KeptOptions> kept_options(const std::string& journal);

}  // namespace rollcall::coordinator
