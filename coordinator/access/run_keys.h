// Keys made in advance: `rollcall keys DIR` writes them and --keys reads them.
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

/// Both key pairs of a run, and the endpoint that its workers connect to.
struct RunKeys {
  std::string endpoint;      ///< tcp://HOST:PORT or ipc://PATH
  net::KeyPair coordinator;  ///< its secret key is never given to a worker
  net::KeyPair workers;      ///< the pair that all workers of the run share
};

RunKeys make_run_keys(const std::string& endpoint);

/// The access data for workers.
Access access_of(const RunKeys& keys);

/// Creates `directory` (mode 0700, its parent must exist) or uses one that only its owner can open,
/// and writes both files into it, mode 0600. Error: permanent: it has keys already, which are left
/// unchanged, or it cannot be written; nothing new remains then.
[[nodiscard]] Result<void> write_run_keys(const std::filesystem::path& directory,
                                          const RunKeys& keys);

/// Reads the coordinator's file; the file of the workers need not exist. Error: permanent.
[[nodiscard]] Result<RunKeys> read_run_keys(const std::filesystem::path& directory);

}  // namespace rollcall::coordinator
