// Where a coordinator listens, and with which keys, from what its user asked for.
#pragma once

#include <optional>
#include <string>

#include "common/base/result.h"
#include "coordinator/access/run_keys.h"
#include "coordinator/cli/run_options.h"

namespace rollcall::coordinator {

/// Where and to whom a coordinator opens itself.
struct Listening {
  std::string bind;         ///< endpoint, as ZeroMQ takes it
  std::string advertise;    ///< HOST[:PORT] for others; empty: as bound
  std::string access_file;  ///< written for others to join with; empty: none
  bool encrypted = true;
  std::optional<RunKeys> keys;  ///< made ahead of time; nullopt: new ones
  std::string http;             ///< HOST:PORT to answer health checks at; empty: none
  std::string control;          ///< path of the control socket; empty: one in control_directory()
};

/// Reads the keys, if they were made ahead of time. Error: permanent: they cannot be read, or the
/// access file would take the place of theirs.
[[nodiscard]] Result<Listening> listening_of(const JoiningOptions& options);

}  // namespace rollcall::coordinator
