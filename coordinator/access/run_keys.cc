#include "coordinator/access/run_keys.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "common/access/private_file.h"
#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kSchema = "rollcall/keys/1";
constexpr const char* kFile = "keys file";

std::string to_json(const RunKeys& keys) {
  const nlohmann::ordered_json json = {{"schema", kSchema},
                                       {"endpoint", keys.endpoint},
                                       {"server_key", keys.coordinator.public_key},
                                       {"server_secret_key", keys.coordinator.secret_key},
                                       {"worker_public_key", keys.workers.public_key},
                                       {"worker_secret_key", keys.workers.secret_key}};
  return json.dump(2) + "\n";
}

/// The text under `name`; empty if there is no such text.
std::string text_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<RunKeys> keys_from_json(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || text_of(json, "schema") != kSchema) {
    return permanent(std::string("not a keys file: \"schema\" is not \"") + kSchema + "\"");
  }
  const RunKeys keys{text_of(json, "endpoint"),
                     {text_of(json, "server_key"), text_of(json, "server_secret_key")},
                     {text_of(json, "worker_public_key"), text_of(json, "worker_secret_key")}};
  if (!keys.endpoint.starts_with("tcp://") && !keys.endpoint.starts_with("ipc://")) {
    return permanent("not a keys file: \"endpoint\" is not of the form tcp://HOST:PORT");
  }
  const auto all = {keys.coordinator.public_key, keys.coordinator.secret_key,
                    keys.workers.public_key, keys.workers.secret_key};
  if (!std::ranges::all_of(all, is_curve_key)) {
    return permanent("not a keys file: a key is not 40 characters of Z85");
  }
  return keys;
}

/// Creates the directory unless it exists. Sets `made` if it did not exist.
Result<void> prepare(const fs::path& directory, bool& made) {
  made = ::mkdir(directory.c_str(), S_IRWXU) == 0;
  if (made) return {};
  struct stat there {};
  const int error = errno;
  if (error != EEXIST || ::stat(directory.c_str(), &there) != 0 || !S_ISDIR(there.st_mode)) {
    return permanent("cannot create directory " + directory.string() + ": " + std::strerror(error));
  }
  if ((there.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return permanent("directory " + directory.string() + " is open to other users: chmod 700 " +
                     directory.string());
  }
  return {};
}

Result<void> write_both(const fs::path& directory, const RunKeys& keys) {
  for (const char* name : {kCoordinatorKeysFile, kWorkersAccessFile}) {
    if (fs::exists(fs::symlink_status(directory / name))) {
      return permanent((directory / name).string() +
                       " already exists; left unchanged: make new keys in a new directory");
    }
  }
  auto written = create_private_file(directory / kCoordinatorKeysFile, kFile, to_json(keys));
  if (!written) return written;
  written = create_private_file(directory / kWorkersAccessFile, "access file",
                                rollcall::to_json(access_of(keys)));
  if (!written) ::unlink((directory / kCoordinatorKeysFile).c_str());
  return written;
}

}  // namespace

RunKeys make_run_keys(const std::string& endpoint) {
  return {endpoint, net::make_key_pair(), net::make_key_pair()};
}

Access access_of(const RunKeys& keys) {
  return {keys.endpoint, keys.coordinator.public_key, keys.workers.public_key,
          keys.workers.secret_key};
}

Result<void> write_run_keys(const fs::path& directory, const RunKeys& keys) {
  bool made = false;
  if (auto prepared = prepare(directory, made); !prepared) return prepared;
  auto written = write_both(directory, keys);
  if (!written && made) ::rmdir(directory.c_str());
  return written;
}

Result<RunKeys> read_run_keys(const fs::path& directory) {
  const fs::path path = directory / kCoordinatorKeysFile;
  const auto text = read_private_file(path, kFile, limits::access_bytes);
  if (!text) return permanent(text.error().message);
  auto keys = keys_from_json(*text);
  if (!keys) return permanent(path.string() + ": " + keys.error().message);
  return keys;
}

}  // namespace rollcall::coordinator
