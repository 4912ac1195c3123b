// The keys beside a journal: with what a coordinator that goes on with a run opens itself to the
// workers that waited for it.
#pragma once

#include <string>

#include "common/base/result.h"
#include "coordinator/access/run_keys.h"

namespace rollcall::coordinator {

/// Where the run was reached. All four keys are empty in a run without encryption.
struct JournalKeys {
  std::string bind;  ///< endpoint as it was bound, with its port: tcp://127.0.0.1:40123
  RunKeys keys;      ///< their endpoint is the one that workers were told

  bool encrypted() const { return !keys.coordinator.secret_key.empty(); }
};

/// FILE-keys.
std::string journal_keys_path(const std::string& journal);

/// Mode 0600; takes the place of an older one, whole or not at all. Error: permanent.
[[nodiscard]] Result<void> write_journal_keys(const std::string& journal, const JournalKeys& keys);

/// Error: retryable: there is none; permanent: it cannot be read, is no keys file, or others than
/// its owner can read it.
[[nodiscard]] Result<JournalKeys> read_journal_keys(const std::string& journal);

/// When the run is finished. Nothing happens if there is none.
void remove_journal_keys(const std::string& journal);

}  // namespace rollcall::coordinator
