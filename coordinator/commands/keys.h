// `rollcall keys`: makes the keys of a run ahead of time.
#pragma once

#include "coordinator/cli/options.h"

namespace rollcall::coordinator {

/// Makes them, says where they are on standard output, and returns the exit status.
int run_keys(const KeysOptions& options);

}  // namespace rollcall::coordinator
