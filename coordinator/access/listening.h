// Where a coordinator listens, and with which keys.
#pragma once

#include <optional>
#include <string>

#include "common/base/result.h"
#include "coordinator/access/run_keys.h"
#include "coordinator/cli/run_options.h"

namespace rollcall::coordinator {

/// Where a coordinator listens, and who may connect.
struct Listening {
  std::string bind;         ///< endpoint, as ZeroMQ takes it
  std::string advertise;    ///< HOST[:PORT] for others; empty: as bound
  std::string access_file;  ///< file to write for workers of other hosts; empty: none
  bool encrypted = true;
  std::optional<RunKeys> keys;  ///< made in advance; nullopt: new ones
  std::string http;             ///< HOST:PORT to answer health checks at; empty: none
  std::string control;          ///< path of the control socket; empty: one in control_directory()
};

/// Reads the keys, if they were made in advance. Error: permanent if they cannot be read, or if the
/// access file would overwrite theirs.
[[nodiscard]] Result<Listening> listening_of(const JoiningOptions& options);

}  // namespace rollcall::coordinator
