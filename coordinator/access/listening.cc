#include "coordinator/access/listening.h"

#include <filesystem>
#include <system_error>

#include "coordinator/access/endpoints.h"

namespace rollcall::coordinator {
namespace {

constexpr const char* kFreeLoopbackPort = "tcp://127.0.0.1:*";

}  // namespace

Result<Listening> listening_of(const JoiningOptions& options) {
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
    // The run removes --access-file at its end, but must not remove a file of --keys.
    std::error_code no_such_file;
    if (std::filesystem::equivalent(options.access_file, directory / kWorkersAccessFile,
                                    no_such_file)) {
      return permanent("--access-file: " + options.access_file +
                       " is the access file of --keys: workers can already join with it");
    }
    if (listening.bind.empty()) listening.bind = endpoint_to_bind(keys->endpoint);
    listening.keys = std::move(*keys);
  }
  if (listening.bind.empty()) listening.bind = kFreeLoopbackPort;
  return listening;
}

}  // namespace rollcall::coordinator
