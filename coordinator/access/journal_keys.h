// The keys beside a journal: workers of a resumed run reconnect with them.
#pragma once

#include <string>

#include "common/base/result.h"
#include "coordinator/access/run_keys.h"

namespace rollcall::coordinator {

/// How workers reached the run. All four keys are empty in a run without encryption.
struct JournalKeys {
  std::string bind;  ///< endpoint as it was bound, with its port: tcp://127.0.0.1:40123
  RunKeys keys;      ///< their endpoint is the one that workers know

  bool encrypted() const { return !keys.coordinator.secret_key.empty(); }
};

/// FILE-keys.
std::string journal_keys_path(const std::string& journal);

/// Writes the file, mode 0600; replaces an older one atomically. Error: permanent.
[[nodiscard]] Result<void> write_journal_keys(const std::string& journal, const JournalKeys& keys);

/// Error: retryable if the file does not exist; permanent if it cannot be read, is not a keys file,
/// or is readable by other users.
[[nodiscard]] Result<JournalKeys> read_journal_keys(const std::string& journal);

/// Deletes the file, if it exists: the run is finished.
void remove_journal_keys(const std::string& journal);

}  // namespace rollcall::coordinator
