#include "coordinator/access/listening.h"

#include <fmt/core.h>

#include <filesystem>
#include <system_error>

#include "coordinator/access/endpoints.h"

namespace rollcall::coordinator {
namespace {

constexpr const char* kFreeLoopbackPort = "tcp://127.0.0.1:*";

/// A run removes its access file at its end, but must not remove one that outlives runs.
bool is_of_a_keys_directory(const std::string& access_file) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::weakly_canonical(access_file, error);
  return path.filename() == kWorkersAccessFile &&
         std::filesystem::exists(path.parent_path() / kCoordinatorKeysFile, error);
}

}  // namespace

Result<Listening> listening_of(const JoiningOptions& options) {
  if (is_of_a_keys_directory(options.access_file)) {
    return permanent(fmt::format(
        "--access-file: {} was made by rollcall keys: expected another file name (workers can "
        "join with it in a run that uses --keys)",
        options.access_file));
  }
  Listening listening;
  listening.bind = options.bind;
  listening.is_bind_given = !options.bind.empty();
  listening.advertise = options.advertise;
  listening.access_file = options.access_file;
  listening.encrypted = !options.insecure;
  listening.http = options.http;
  listening.control = options.control;
  if (!options.keys.empty()) {
    const std::filesystem::path directory = options.keys;
    auto keys = read_run_keys(directory);
    if (!keys) return permanent("--keys: " + keys.error().message);
    if (listening.bind.empty()) listening.bind = endpoint_to_bind(keys->endpoint);
    listening.keys = std::move(*keys);
  }
  if (listening.bind.empty()) listening.bind = kFreeLoopbackPort;
  return listening;
}

}  // namespace rollcall::coordinator
