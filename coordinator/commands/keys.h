// `rollcall keys`: makes the keys of a run in advance.
#pragma once

#include "coordinator/cli/keys_options.h"

namespace rollcall::coordinator {

/// Makes the keys, prints their paths on standard output, and returns the exit status.
int make_keys(const KeysOptions& options);

}  // namespace rollcall::coordinator
