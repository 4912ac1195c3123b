#include "coordinator/access/journal_keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/access/key_document.h"
#include "common/access/private_file.h"
#include "common/access/strict_json.h"
#include "common/limits.h"
#include "common/os/descriptor.h"

namespace rollcall::coordinator {
namespace {

constexpr const char* kJournalKeysSchema = "rollcall/journal-keys/1";
constexpr const char* kJournalKeysFile = "keys file";
constexpr std::array kJournalKeysMembers = {"bind",
                                            "endpoint",
                                            "server_key",
                                            "server_secret_key",
                                            "worker_public_key",
                                            "worker_secret_key"};

std::string to_json(const JournalKeys& keys) {
  const nlohmann::ordered_json json = {{"schema", kJournalKeysSchema},
                                       {"bind", keys.bind},
                                       {"endpoint", keys.keys.endpoint},
                                       {"server_key", keys.keys.coordinator.public_key},
                                       {"server_secret_key", keys.keys.coordinator.secret_key},
                                       {"worker_public_key", keys.keys.workers.public_key},
                                       {"worker_secret_key", keys.keys.workers.secret_key}};
  return json.dump(2) + "\n";
}

Result<JournalKeys> journal_keys_from_json(const std::string& text) {
  const Result<nlohmann::json> parsed = parse_strict_json(text);
  if (!parsed) return permanent(parsed.error().message);
  const nlohmann::json& json = *parsed;
  if (std::string error = document_error(json, kJournalKeysSchema, kJournalKeysMembers);
      !error.empty()) {
    return permanent(std::move(error));
  }
  const JournalKeys keys{json["bind"],
                         {json["endpoint"],
                          {json["server_key"], json["server_secret_key"]},
                          {json["worker_public_key"], json["worker_secret_key"]}}};
  if (!is_endpoint(keys.bind) || !is_endpoint(keys.keys.endpoint)) {
    return permanent("an endpoint is not of the form tcp://HOST:PORT");
  }
  const auto all = {std::string_view(keys.keys.coordinator.public_key),
                    std::string_view(keys.keys.coordinator.secret_key),
                    std::string_view(keys.keys.workers.public_key),
                    std::string_view(keys.keys.workers.secret_key)};
  if (!are_empty(all) && !are_curve_keys(all)) {
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
  if (auto written = replace_private_file(path, kJournalKeysFile, to_json(keys)); !written)
    return written;
  // As long-lived as the journal: a power cut must not leave an empty file.
  const os::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file && ::fsync(file.get()) == 0) return {};
  return permanent("cannot write keys file " + path + ": " + std::strerror(errno));
}

Result<JournalKeys> read_journal_keys(const std::string& journal) {
  const std::string path = journal_keys_path(journal);
  const auto text = read_private_file(path, kJournalKeysFile, limits::access_bytes);
  if (!text) return text.error();
  struct stat there {};
  if (::stat(path.c_str(), &there) == 0 && (there.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return permanent("keys file " + path + " is accessible to other users: chmod 600 " + path);
  }
  auto keys = journal_keys_from_json(*text);
  if (!keys) return permanent(path + " is not a keys file of a journal: " + keys.error().message);
  return keys;
}

void remove_journal_keys(const std::string& journal) {
  ::unlink(journal_keys_path(journal).c_str());
}

}  // namespace rollcall::coordinator
