// The keys of a run, created in advance: `rollcall keys DIR` writes them and --keys reads them.
#pragma once

#include <filesystem>
#include <string>

#include "common/access/access.h"
#include "common/base/result.h"
#include "common/net/keys.h"

namespace rollcall::coordinator {

/// The files in a keys directory, one for the coordinator and one for its workers.
inline constexpr const char* kCoordinatorKeysFile = "coordinator.keys";
inline constexpr const char* kWorkersAccessFile = "run.access";

/// The key pairs of a run and the endpoint that its workers connect to.
struct RunKeys {
  std::string endpoint;      ///< tcp://HOST:PORT or ipc://PATH
  net::KeyPair coordinator;  ///< the secret key is only in the coordinator's file
  net::KeyPair workers;      ///< shared by all workers of the run
};

RunKeys make_run_keys(const std::string& endpoint);

/// The content of the workers' access file.
Access access_of(const RunKeys& keys);

/// Writes both files, with mode 0600, into `directory`. Creates the directory with mode 0700 if it
/// does not exist; its parent must exist. Fails with a permanent error, and leaves no new files, if
/// the directory is accessible to other users, already has keys, or cannot be written.
[[nodiscard]] Result<void> write_run_keys(const std::filesystem::path& directory,
                                          const RunKeys& keys);

/// Reads the coordinator's file. The workers' file need not exist. Errors are permanent.
[[nodiscard]] Result<RunKeys> read_run_keys(const std::filesystem::path& directory);

}  // namespace rollcall::coordinator
