// The keys of a run that are made ahead of time: what `rollcall keys DIR` writes and --keys reads.
#pragma once

#include <filesystem>
#include <string>

#include "common/access/access.h"
#include "common/base/result.h"
#include "common/net/keys.h"

namespace rollcall::coordinator {

/// The files in the directory of the keys: one for the coordinator, one for its workers.
inline constexpr const char* kCoordinatorKeysFile = "coordinator.keys";
inline constexpr const char* kWorkersAccessFile = "run.access";

/// Both pairs of a run, and where its workers look for the coordinator.
struct RunKeys {
  std::string endpoint;      ///< tcp://HOST:PORT or ipc://PATH
  net::KeyPair coordinator;  ///< its secret key leaves the coordinator's file for nobody
  net::KeyPair workers;      ///< the pair that all workers of the run share
};

RunKeys make_run_keys(const std::string& endpoint);

/// What workers are given.
Access access_of(const RunKeys& keys);

/// Makes `directory` (mode 0700, its parent must exist) or takes one that only its owner can open,
/// and writes both files into it, mode 0600. Error: permanent: it has keys already, which stay as
/// they are, or it cannot be written; nothing new is left behind then.
[[nodiscard]] Result<void> write_run_keys(const std::filesystem::path& directory,
                                          const RunKeys& keys);

/// Reads the coordinator's file; that of the workers need not be there. Error: permanent.
[[nodiscard]] Result<RunKeys> read_run_keys(const std::filesystem::path& directory);

}  // namespace rollcall::coordinator
