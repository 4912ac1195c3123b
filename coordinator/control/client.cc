#include "coordinator/control/client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "common/os/descriptor.h"
#include "coordinator/control/limits.h"
#include "coordinator/control/path.h"

namespace rollcall::coordinator {
namespace {

bool connect_to(const os::Descriptor& socket, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return false;
  }
  path.copy(address.sun_path, path.size());
  const timeval timeout{
      std::chrono::duration_cast<std::chrono::seconds>(limits::control_request).count(), 0};
  for (const int direction : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    ::setsockopt(socket.get(), SOL_SOCKET, direction, &timeout, sizeof timeout);
  }
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// Whether a process listens on the socket.
bool is_listening(const std::string& path) {
  const os::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect_to(socket, path);
}

bool send_all(const os::Descriptor& socket, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = ::send(socket.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) sent += static_cast<std::size_t>(n);
  }
  return true;
}

/// Reads to the end. Returns false on error, or if there are limits::control_answer_bytes or more.
bool receive_all(const os::Descriptor& socket, std::string& bytes) {
  std::array<char, std::size_t{64} << 10U> piece;
  while (bytes.size() < limits::control_answer_bytes) {
    const ssize_t n = ::recv(socket.get(), piece.data(), piece.size(), 0);
    if (n == 0) return true;
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) bytes.append(piece.data(), static_cast<std::size_t>(n));
  }
  return false;
}

}  // namespace

Result<std::string> find_control_socket(const cli::Environment& environment) {
  const std::filesystem::path directory = control_directory(environment);
  std::vector<std::string> found;
  for (const auto& path : control_sockets_in(directory)) {
    if (is_listening(path.string())) found.push_back(path.string());
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return permanent("no running coordinator of this user found in " + directory.string());
  }
  std::string choices = "several coordinators are running; choose one:";
  for (const std::string& path : found) choices += "\n  --control " + path;
  return permanent(choices);
}

void remove_dead_sockets(const std::filesystem::path& directory) {
  for (const auto& path : control_sockets_in(directory)) {
    const std::string name = path.stem().string();
    pid_t process = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), process);
    if (error != std::errc() || end != name.data() + name.size() || process <= 0) continue;
    // A coordinator that has not listened yet refuses connections, too.
    if (::kill(process, 0) == 0 || errno != ESRCH) continue;
    const os::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!connect_to(socket, path.string()) && errno == ECONNREFUSED) ::unlink(path.c_str());
  }
}

Result<std::string> ask(const std::string& path, const std::string& line) {
  const os::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connect_to(socket, path)) return permanent(path + ": " + std::strerror(errno));
  std::string answer;
  if (!send_all(socket, line + "\n") || !receive_all(socket, answer) || answer.empty()) {
    return permanent(path + ": no answer from the coordinator");
  }
  return answer;
}

Result<void> ask_for_lines(const std::string& path, const std::string& line,
                           const std::function<bool(const std::string&)>& take) {
  const os::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connect_to(socket, path)) return permanent(path + ": " + std::strerror(errno));
  if (!send_all(socket, line + "\n")) return permanent(path + ": " + std::strerror(errno));
  const timeval no_limit{};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &no_limit, sizeof no_limit);
  std::array<char, std::size_t{64} << 10U> piece;
  std::string received;
  while (true) {
    const ssize_t n = ::recv(socket.get(), piece.data(), piece.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return {};
    received.append(piece.data(), static_cast<std::size_t>(n));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = received.find('\n', begin)) != std::string::npos;) {
      if (!take(received.substr(begin, end - begin))) return {};
      begin = end + 1;
    }
    received.erase(0, begin);
  }
}

}  // namespace rollcall::coordinator
