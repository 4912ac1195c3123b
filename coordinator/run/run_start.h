// Starts a new run, or resumes one from its journal.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/result.h"
#include "common/model/ids.h"
#include "coordinator/access/journal_keys.h"
#include "coordinator/journal/journal.h"
#include "coordinator/kinds/task_kind.h"

namespace rollcall::coordinator {

/// The state that a run starts from.
struct RunStart {
  std::unique_ptr<Journal> journal;  ///< with a new epoch; null: the run has no journal
  std::string journal_path;
  Epoch epoch = 1;
  std::optional<JournalContent> loaded;  ///< of earlier epochs; nullopt: a new run
  std::optional<JournalKeys> keys;       ///< of earlier epochs
  bool is_finished = false;              ///< nothing is left to do, and `loaded` has its result
};

/// With --journal: creates the journal, or with --resume continues the run in it. Fails with a
/// permanent error if the journal already exists, has another request, or cannot be used.
[[nodiscard]] Result<RunStart> start_run(const TaskKind& kind);

/// Deletes a new journal whose run did not start.
void discard(RunStart& start);

}  // namespace rollcall::coordinator
