#include "common/access.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "common/limits.h"

namespace rollcall {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr const char* kSchema = "rollcall/access/1";
constexpr std::size_t kKeyCharacters = 40;
constexpr std::string_view kZ85 =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// 40 characters of Z85, each five of them a number of 32 bits.
bool is_key(std::string_view text) {
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

Error bad(const std::string& what) {
  return permanent("not an access file: " + what);
}

std::string system_error(const std::string& what, const std::filesystem::path& path, int error) {
  return "cannot " + what + " access file " + path.string() + ": " + std::strerror(error);
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
  if (!none && !std::ranges::all_of(keys, is_key)) {
    return "a key is not 40 characters of Z85";
  }
  return {};
}

/// A descriptor that closes itself.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// 0, or the errno.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

/// 0, or the errno. Reads no more than `most` bytes.
int read_all(int fd, std::size_t most, std::string& text) {
  std::array<char, 4096> chunk{};
  while (text.size() < most) {
    const ssize_t got = ::read(fd, chunk.data(), std::min(chunk.size(), most - text.size()));
    if (got == 0) return 0;
    if (got < 0 && errno != EINTR) return errno;
    if (got > 0) text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return 0;
}

}  // namespace

std::string to_json(const Access& access) {
  const OrderedJson json = {{"schema", kSchema},
                            {"endpoint", access.endpoint},
                            {"server_key", access.server_key},
                            {"worker_public_key", access.worker_public_key},
                            {"worker_secret_key", access.worker_secret_key},
                            {"ticket", access.ticket}};
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
  struct stat there {};
  // A rename would put a file in the place of a device such as /dev/stdout.
  if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    return permanent("cannot write access file " + path.string() + ": not a regular file");
  }
  std::string temporary = path.string() + ".XXXXXX";
  const File file(::mkostemp(temporary.data(), O_CLOEXEC));  // creates it with mode 0600
  if (!file.open()) return permanent(system_error("write", path, errno));
  int error = write_all(file.fd(), to_json(access));
  if (error == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return {};
  ::unlink(temporary.c_str());
  return permanent(system_error("write", path, error));
}

Result<Access> read_access_file(const std::filesystem::path& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  int error = file.open() ? read_all(file.fd(), limits::access_bytes + 1, text) : errno;
  if (error == 0 && text.size() > limits::access_bytes) error = EFBIG;
  if (error == ENOENT) return retryable(system_error("read", path, error));
  if (error != 0) return permanent(system_error("read", path, error));
  auto access = access_from_json(text);
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
