// The keys file beside a journal. With its endpoint and keys a resumed coordinator is reachable for
// the workers of the earlier epoch.
#pragma once

#include <string>

#include "common/base/result.h"
#include "coordinator/access/run_keys.h"

namespace rollcall::coordinator {

/// Endpoint and keys of a run. All four keys are empty if the run is not encrypted.
struct JournalKeys {
  std::string bind;  ///< bound endpoint, with its port: tcp://127.0.0.1:40123
  RunKeys keys;      ///< keys.endpoint is the one that workers connect to

  bool encrypted() const { return !keys.coordinator.secret_key.empty(); }
};

/// The path of the keys file: JOURNAL-keys.
std::string journal_keys_path(const std::string& journal);

/// Writes the keys file with mode 0600. Replaces an older file atomically. Errors are permanent.
[[nodiscard]] Result<void> write_journal_keys(const std::string& journal, const JournalKeys& keys);

/// Reads the keys file. The error is retryable if the file does not exist. It is permanent if the
/// file cannot be read, is not a keys file, or is accessible to other users.
[[nodiscard]] Result<JournalKeys> read_journal_keys(const std::string& journal);

/// Removes the keys file of a finished run, if it exists.
void remove_journal_keys(const std::string& journal);

}  // namespace rollcall::coordinator
