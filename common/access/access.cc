#include "common/access/access.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "common/access/private_file.h"
#include "common/limits.h"

namespace rollcall {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr const char* kFile = "access file";
constexpr const char* kSchema = "rollcall/access/1";
constexpr std::size_t kKeyCharacters = 40;
constexpr std::string_view kZ85 =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

Error bad(const std::string& what) {
  return permanent("not an access file: " + what);
}

/// Empty, or what is wrong with it.
std::string form_error(const Json& json) {
  if (!json.is_object()) return "not a JSON object";
  if (json.value("schema", Json()) != kSchema) {
    return std::string("\"schema\" is not \"") + kSchema + "\"";
  }
  static constexpr std::array<const char*, 5> texts = {"schema", "endpoint", "server_key",
                                                       "worker_public_key", "worker_secret_key"};
  for (const char* name : texts) {
    if (!json.contains(name) || !json[name].is_string()) {
      return std::string("\"") + name + "\" is missing or not a text";
    }
  }
  if (!json.contains("ticket") || !json["ticket"].is_number_unsigned() ||
      json["ticket"].get<std::uint64_t>() > std::numeric_limits<std::uint32_t>::max()) {
    return "\"ticket\" is missing or not a number of 32 bits";
  }
  for (const auto& [name, value] : json.items()) {
    if (name != "ticket" && std::ranges::find(texts, name) == texts.end()) {
      return "unknown field \"" + name + "\"";
    }
  }
  return {};
}

/// Empty, or what is wrong with it.
std::string content_error(const Access& access) {
  if (!access.endpoint.starts_with("tcp://") && !access.endpoint.starts_with("ipc://")) {
    return "\"endpoint\" is not of the form tcp://HOST:PORT or ipc://PATH";
  }
  const auto keys = {access.server_key, access.worker_public_key, access.worker_secret_key};
  const bool none = std::ranges::all_of(keys, [](const auto& key) { return key.empty(); });
  if (!none && !std::ranges::all_of(keys, is_curve_key)) {
    return "a key is not 40 characters of Z85";
  }
  return {};
}

}  // namespace

bool is_curve_key(std::string_view text) {
  if (text.size() != kKeyCharacters) return false;
  std::uint64_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = kZ85.find(text[i]);
    if (digit == std::string_view::npos) return false;
    group = (i % 5 == 0 ? 0 : group * kZ85.size()) + digit;
    if (group > std::numeric_limits<std::uint32_t>::max()) return false;
  }
  return true;
}

std::string to_json(const Access& access) {
  const OrderedJson json = {{"schema", kSchema},
                            {"endpoint", access.endpoint},
                            {"server_key", access.server_key},
                            {"worker_public_key", access.worker_public_key},
                            {"worker_secret_key", access.worker_secret_key},
                            {"ticket", access.launch_id}};
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

Result<Access> access_from_json(std::string_view text) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    if (error.byte > text.size()) return retryable("not an access file: it ends too early");
    return bad("no JSON at byte " + std::to_string(error.byte));
  }
  if (const std::string wrong = form_error(json); !wrong.empty()) return bad(wrong);
  Access access{json["endpoint"], json["server_key"], json["worker_public_key"],
                json["worker_secret_key"], json["ticket"]};
  if (const std::string wrong = content_error(access); !wrong.empty()) return bad(wrong);
  return access;
}

Result<void> write_access_file(const std::filesystem::path& path, const Access& access) {
  return replace_private_file(path, kFile, to_json(access));
}

Result<Access> read_access_file(const std::filesystem::path& path) {
  const auto text = read_private_file(path, kFile, limits::access_bytes);
  if (!text) return text.error();
  auto access = access_from_json(*text);
  if (access) return access;
  return Error{access.error().kind, path.string() + ": " + access.error().message};
}

void remove_access_file(const std::filesystem::path& path, const Access& access) {
  const auto there = read_access_file(path);
  if (there && *there == access) ::unlink(path.c_str());
}

std::string access_file_warning(const std::filesystem::path& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0 || (file.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  return "access file " + path.string() + " is open to others than its owner: chmod 600 " +
         path.string();
}

}  // namespace rollcall
