// The table of the kinds of task.
#pragma once

#include <vector>

#include "coordinator/kinds/task_kind.h"

namespace rollcall::coordinator {

const Kind& kind_of(KindId id);

/// All kinds, sorted by name.
std::vector<const Kind*> kinds_by_name();

}  // namespace rollcall::coordinator
