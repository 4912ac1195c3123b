// How a run begins: anew, or where another coordinator has left it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/result.h"
#include "common/model/ids.h"
#include "coordinator/access/journal_keys.h"
#include "coordinator/cli/options.h"
#include "coordinator/core/model/run_spec.h"
#include "coordinator/journal/journal.h"

namespace rollcall::coordinator {

/// What a run begins with.
struct RunStart {
  std::unique_ptr<Journal> journal;  ///< null: the run has none. Its epoch has begun, if any
  std::string journal_path;
  Epoch epoch = 1;
  std::optional<JournalContent> kept;  ///< of earlier epochs; nullopt: a new run
  std::optional<JournalKeys> keys;     ///< of earlier epochs
  bool is_finished = false;            ///< nothing is left to do, and `kept` has how it came out
};

/// With --journal: makes it, or with --resume goes on with the one that holds this very request.
/// Error: permanent: there is one already, it holds another request, or it cannot be used.
/// `asked`: that request, a JSON object. `input`, if any: what a new journal is to keep of the
/// tasks.
[[nodiscard]] Result<RunStart> start_run(const RunOptions& options, const RunSpec& spec,
                                         const std::string& asked,
                                         const std::optional<JournalInput>& input = {});

/// `rollcall resume`: the command of the request, "sleep", and its command line. Error: permanent.
struct SavedRequest {
  std::string command;
  std::vector<std::string> arguments;
  std::string directory;  ///< in which it was asked; empty: not known
};

/// Forgets a new journal of which nothing has come.
void discard(RunStart& start);

[[nodiscard]] Result<SavedRequest> saved_request(const std::string& path);

}  // namespace rollcall::coordinator
