// What was asked for when the run in a journal began, for those who go on with it or report it.
#pragma once

#include <string>
#include <variant>

#include "common/base/result.h"
#include "coordinator/cli/options.h"

namespace rollcall::coordinator {

struct SavedOptions {
  std::variant<SleepOptions, ExecOptions> options;  ///< with `journal` and `resumes_as_saved` set
  std::string directory;  ///< what their relative paths start at; empty: not known
};

/// The options of the run in this journal; `environment` is not kept. Error: permanent, one line:
/// it cannot be read.
[[nodiscard]] Result<SavedOptions> saved_options(const std::string& journal,
                                                 const cli::Environment& environment);

}  // namespace rollcall::coordinator
