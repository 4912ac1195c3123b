#include "coordinator/access/run_keys.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/access/key_document.h"
#include "common/access/private_file.h"
#include "common/access/strict_json.h"
#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRunKeysSchema = "rollcall/keys/1";
constexpr const char* kRunKeysFile = "keys file";
constexpr std::array kRunKeysMembers = {"endpoint", "server_key", "server_secret_key",
                                        "worker_public_key", "worker_secret_key"};

std::string to_json(const RunKeys& keys) {
  const nlohmann::ordered_json json = {{"schema", kRunKeysSchema},
                                       {"endpoint", keys.endpoint},
                                       {"server_key", keys.coordinator.public_key},
                                       {"server_secret_key", keys.coordinator.secret_key},
                                       {"worker_public_key", keys.workers.public_key},
                                       {"worker_secret_key", keys.workers.secret_key}};
  return json.dump(2) + "\n";
}

Result<RunKeys> run_keys_from_json(const std::string& text) {
  const Result<nlohmann::json> parsed = parse_strict_json(text);
  if (!parsed) return permanent("not a keys file: " + parsed.error().message);
  const nlohmann::json& json = *parsed;
  if (const std::string error = document_error(json, kRunKeysSchema, kRunKeysMembers);
      !error.empty()) {
    return permanent("not a keys file: " + error);
  }
  const RunKeys keys{json["endpoint"],
                     {json["server_key"], json["server_secret_key"]},
                     {json["worker_public_key"], json["worker_secret_key"]}};
  if (!is_endpoint(keys.endpoint)) {
    return permanent("not a keys file: \"endpoint\" is not of the form tcp://HOST:PORT");
  }
  if (!are_curve_keys({keys.coordinator.public_key, keys.coordinator.secret_key,
                       keys.workers.public_key, keys.workers.secret_key})) {
    return permanent("not a keys file: a key is not 40 characters of Z85");
  }
  return keys;
}

/// Creates the directory if it does not exist, and sets `created`.
Result<void> prepare(const fs::path& directory, bool& created) {
  created = ::mkdir(directory.c_str(), S_IRWXU) == 0;
  if (created) return {};
  struct stat status {};
  const int error = errno;
  if (error != EEXIST || ::stat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return permanent("cannot create directory " + directory.string() + ": " + std::strerror(error));
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return permanent("directory " + directory.string() +
                     " is accessible to other users: chmod 700 " + directory.string());
  }
  return {};
}

Result<void> write_both(const fs::path& directory, const RunKeys& keys) {
  for (const char* name : {kCoordinatorKeysFile, kWorkersAccessFile}) {
    if (fs::exists(fs::symlink_status(directory / name))) {
      return permanent((directory / name).string() +
                       " already exists; left unchanged (write new keys to a new directory)");
    }
  }
  auto written = create_private_file(directory / kCoordinatorKeysFile, kRunKeysFile, to_json(keys));
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
  bool created = false;
  if (auto prepared = prepare(directory, created); !prepared) return prepared;
  auto written = write_both(directory, keys);
  if (!written && created) ::rmdir(directory.c_str());
  return written;
}

Result<RunKeys> read_run_keys(const fs::path& directory) {
  const fs::path path = directory / kCoordinatorKeysFile;
  const auto text = read_private_file(path, kRunKeysFile, limits::access_bytes);
  if (!text) return permanent(text.error().message);
  auto keys = run_keys_from_json(*text);
  if (!keys) return permanent(path.string() + ": " + keys.error().message);
  return keys;
}

}  // namespace rollcall::coordinator
