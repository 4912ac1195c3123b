// Derives from the options where a coordinator listens and which keys it uses.
#pragma once

#include <optional>
#include <string>

#include "common/base/result.h"
#include "coordinator/access/run_keys.h"
#include "coordinator/cli/run_options.h"

namespace rollcall::coordinator {

/// The endpoints, files and keys by which others reach a coordinator.
struct Listening {
  std::string bind;            ///< ZeroMQ endpoint
  bool is_bind_given = false;  ///< by --bind
  std::string advertise;       ///< HOST[:PORT] for other hosts; empty: derived from `bind`
  std::string access_file;     ///< written for workers to join with; empty: none
  bool encrypted = true;
  std::optional<RunKeys> keys;  ///< from --keys; nullopt: create new keys
  std::string http;             ///< HOST:PORT for health checks; empty: none
  std::string control;          ///< path of the control socket; empty: one in control_directory()
};

/// Reads the keys of --keys, if given. Fails with a permanent error if they cannot be read, or if
/// --access-file names a file that `rollcall keys` made.
[[nodiscard]] Result<Listening> listening_of(const JoiningOptions& options);

}  // namespace rollcall::coordinator
