// What a worker needs to join a run: the access file, and what local workers get through a pipe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rollcall {

/// Where and with which keys to join. Whoever has them may join the run and is trusted. Keys are 40
/// characters of Z85; all three are set, or none (no CURVE).
struct Access {
  std::string endpoint;           ///< tcp://HOST:PORT or ipc://PATH, as workers connect to it
  std::string server_key;         ///< the coordinator's public key
  std::string worker_public_key;  ///< the key pair that all workers of the run share
  std::string worker_secret_key;
  std::uint32_t launch_id = 0;  ///< of a local worker; else 0

  bool encrypted() const { return !server_key.empty(); }
  friend bool operator==(const Access&, const Access&) = default;
};

/// Returns JSON with a newline at the end: {"schema": "rollcall/access/1", "endpoint": ..., ...}.
std::string to_json(const Access& access);

/// Reads the output of to_json(). Missing and unknown members and wrong types are errors. The error
/// is retryable if the text is truncated (a copy in progress), else permanent.
[[nodiscard]] Result<Access> access_from_json(std::string_view text);

/// The error is retryable if the file does not exist or is truncated, else permanent.
[[nodiscard]] Result<Access> read_access_file(const std::filesystem::path& path);

/// Returns a one-line warning if users other than the owner can read or write the file; else an
/// empty string.
std::string access_file_warning(const std::filesystem::path& path);

}  // namespace rollcall
