// The simplest HTTP client, for tests of health checks.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

namespace rollcall::integration {

/// The port in "... answered at http://127.0.0.1:PORT".
inline int http_port(const std::string& log) {
  const std::string before = "http://127.0.0.1:";
  return std::stoi(log.substr(log.find(before) + before.size()));
}

/// The whole response to GET `target` on a port of this host; empty if it cannot connect.
inline std::string http_get(int port, const std::string& target) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string response;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    const std::string request = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    static_cast<void>(::send(fd, request.data(), request.size(), MSG_NOSIGNAL));
    std::array<char, 4096> piece{};
    for (ssize_t got = 1; got > 0;) {
      got = ::recv(fd, piece.data(), piece.size(), 0);
      if (got > 0) response.append(piece.data(), static_cast<std::size_t>(got));
    }
  }
  ::close(fd);
  return response;
}

}  // namespace rollcall::integration
