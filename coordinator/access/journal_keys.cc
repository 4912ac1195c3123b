#include "coordinator/access/journal_keys.h"

#include <fcntl.h>
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

using Json = nlohmann::json;

constexpr const char* kSchema = "rollcall/journal-keys/1";
constexpr const char* kFile = "keys file";

std::string to_json(const JournalKeys& keys) {
  const nlohmann::ordered_json json = {{"schema", kSchema},
                                       {"bind", keys.bind},
                                       {"endpoint", keys.keys.endpoint},
                                       {"server_key", keys.keys.coordinator.public_key},
                                       {"server_secret_key", keys.keys.coordinator.secret_key},
                                       {"worker_public_key", keys.keys.workers.public_key},
                                       {"worker_secret_key", keys.keys.workers.secret_key}};
  return json.dump(2) + "\n";
}

/// The text under `name`; empty if there is no such text.
std::string text_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool is_endpoint(const std::string& text) {
  return text.starts_with("tcp://") || text.starts_with("ipc://");
}

Result<JournalKeys> keys_from_json(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || text_of(json, "schema") != kSchema) {
    return permanent(std::string("\"schema\" is not \"") + kSchema + "\"");
  }
  const JournalKeys keys{
      text_of(json, "bind"),
      {text_of(json, "endpoint"),
       {text_of(json, "server_key"), text_of(json, "server_secret_key")},
       {text_of(json, "worker_public_key"), text_of(json, "worker_secret_key")}}};
  if (!is_endpoint(keys.bind) || !is_endpoint(keys.keys.endpoint)) {
    return permanent("an endpoint is not of the form tcp://HOST:PORT");
  }
  const auto all = {keys.keys.coordinator.public_key, keys.keys.coordinator.secret_key,
                    keys.keys.workers.public_key, keys.keys.workers.secret_key};
  const bool none = std::ranges::all_of(all, [](const std::string& key) { return key.empty(); });
  if (!none && !std::ranges::all_of(all, is_curve_key)) {
    return permanent("a key is not 40 characters of Z85");
  }
  return keys;
}

}  // namespace

std::string journal_keys_path(const std::string& journal) {
  return journal + "-keys";
}

Result<void> write_journal_keys(const std::string& journal, const JournalKeys& keys) {
  const std::string path = journal_keys_path(journal);
  if (auto written = replace_private_file(path, kFile, to_json(keys)); !written) return written;
  // A power cut must not leave an empty file.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int error = fd >= 0 && ::fsync(fd) == 0 ? 0 : errno;
  if (fd >= 0) ::close(fd);
  if (error == 0) return {};
  return permanent("cannot write keys file " + path + ": " + std::strerror(error));
}

Result<JournalKeys> read_journal_keys(const std::string& journal) {
  const std::string path = journal_keys_path(journal);
  const auto text = read_private_file(path, kFile, limits::access_bytes);
  if (!text) return text.error();
  struct stat there {};
  if (::stat(path.c_str(), &there) == 0 && (there.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return permanent("keys file " + path + " is readable by other users: chmod 600 " + path);
  }
  auto keys = keys_from_json(*text);
  if (!keys) return permanent(path + " is not a keys file of a journal: " + keys.error().message);
  return keys;
}

void remove_journal_keys(const std::string& journal) {
  ::unlink(journal_keys_path(journal).c_str());
}

}  // namespace rollcall::coordinator
