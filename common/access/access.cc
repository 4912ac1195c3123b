#include "common/access/access.h"

#include <sys/stat.h>

#include <array>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

#include "common/access/key_document.h"
#include "common/access/private_file.h"
#include "common/access/strict_json.h"
#include "common/limits.h"

namespace rollcall {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kFile = "access file";
constexpr const char* kSchema = "rollcall/access/1";
constexpr const char* kNumber = "ticket";
constexpr std::array kStrings = {"endpoint", "server_key", "worker_public_key",
                                 "worker_secret_key"};

Error bad(const std::string& what) {
  return permanent("not an access file: " + what);
}

/// Returns an empty string, or the error.
std::string content_error(const Access& access) {
  if (!is_endpoint(access.endpoint)) {
    return "\"endpoint\" is not of the form tcp://HOST:PORT or ipc://PATH";
  }
  const auto keys = {std::string_view(access.server_key),
                     std::string_view(access.worker_public_key),
                     std::string_view(access.worker_secret_key)};
  if (!are_empty(keys) && !are_curve_keys(keys)) return "a key is not 40 characters of Z85";
  return {};
}

}  // namespace

std::string to_json(const Access& access) {
  const OrderedJson json = {{"schema", kSchema},
                            {"endpoint", access.endpoint},
                            {"server_key", access.server_key},
                            {"worker_public_key", access.worker_public_key},
                            {"worker_secret_key", access.worker_secret_key},
                            {kNumber, access.launch_id}};
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

Result<Access> access_from_json(std::string_view text) {
  const Result<nlohmann::json> parsed = parse_strict_json(text);
  if (!parsed) return Error{parsed.error().kind, "not an access file: " + parsed.error().message};
  const nlohmann::json& json = *parsed;
  if (const std::string wrong = document_error(json, kSchema, kStrings, kNumber); !wrong.empty())
    return bad(wrong);
  Access access{json["endpoint"], json["server_key"], json["worker_public_key"],
                json["worker_secret_key"], json[kNumber]};
  if (const std::string wrong = content_error(access); !wrong.empty()) return bad(wrong);
  return access;
}

Result<Access> read_access_file(const std::filesystem::path& path) {
  const auto text = read_private_file(path, kFile, limits::access_bytes);
  if (!text) return text.error();
  auto access = access_from_json(*text);
  if (access) return access;
  return Error{access.error().kind, path.string() + ": " + access.error().message};
}

std::string access_file_warning(const std::filesystem::path& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0 || (file.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  return "access file " + path.string() + " is accessible to other users: chmod 600 " +
         path.string();
}

}  // namespace rollcall
