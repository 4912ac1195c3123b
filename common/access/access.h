// What a worker needs to join a run: the access file, and what local workers get through a pipe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rollcall {

/// The way in. Who has it may join the run and is believed. Keys are 40 characters of Z85; all
/// three or none (no CURVE).
struct Access {
  std::string endpoint;           ///< tcp://HOST:PORT or ipc://PATH, as workers connect to it
  std::string server_key;         ///< the coordinator's public key
  std::string worker_public_key;  ///< of the pair that all workers of the run share
  std::string worker_secret_key;
  std::uint32_t launch_id = 0;  ///< local workers: which start of which process this is; else 0

  bool encrypted() const { return !server_key.empty(); }
  friend bool operator==(const Access&, const Access&) = default;
};

/// JSON, with a line end: {"schema": "rollcall/access/1", "endpoint": ..., ...}.
std::string to_json(const Access& access);

/// Accepts what to_json() makes and nothing that is missing, unknown, of another type or range.
/// Error: retryable when the text ends too early (a copy that is not finished), else permanent.
[[nodiscard]] Result<Access> access_from_json(std::string_view text);

/// Writes the file under a temporary name beside it, mode 0600, and renames it: a reader finds all
/// of it or the one before. On an error nothing new is left behind. Error: permanent.
[[nodiscard]] Result<void> write_access_file(const std::filesystem::path& path,
                                             const Access& access);

/// Error: retryable when the file is not there or not complete yet, else permanent.
[[nodiscard]] Result<Access> read_access_file(const std::filesystem::path& path);

/// Removes the file if it still holds `access`: a later run may have written its own.
void remove_access_file(const std::filesystem::path& path, const Access& access);

/// One line to warn with when others than its owner can read or write the file; else empty.
std::string access_file_warning(const std::filesystem::path& path);

}  // namespace rollcall
