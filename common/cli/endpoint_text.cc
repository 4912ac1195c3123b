#include "common/cli/endpoint_text.h"

#include <fmt/core.h>
#include <algorithm>
#include <cstddef>

namespace rollcall {
namespace {

constexpr std::string_view kTcp = "tcp://";
constexpr std::string_view kIpc = "ipc://";
constexpr std::size_t kLongestHost = 253;     // longest domain name, RFC 1035
constexpr std::size_t kLongestIpcPath = 107;  // sockaddr_un::sun_path without its NUL
constexpr unsigned kHighestPort = 65'535;

struct HostAndPort {
  std::string_view host;
  std::string_view port;  ///< empty if omitted
};

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

bool is_address_character(char c) {
  return is_host_character(c) || c == ':' || c == '%';
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > kLongestHost) return false;
  if (host.front() != '[') return std::all_of(host.begin(), host.end(), is_host_character);
  if (host.size() < 4 || host.back() != ']') return false;
  const std::string_view address = host.substr(1, host.size() - 2);
  return address.find(':') != std::string_view::npos &&
         std::all_of(address.begin(), address.end(), is_address_character);
}

/// Up to five digits.
unsigned number_of(std::string_view digits) {
  unsigned number = 0;
  for (const char c : digits) number = number * 10 + static_cast<unsigned>(c - '0');
  return number;
}

bool is_port(std::string_view port) {
  const bool is_number =
      !port.empty() && port.size() <= 5 &&
      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number && number_of(port) <= kHighestPort;
}

/// "FIRST-LAST", neither of them 0.
bool is_port_range(std::string_view ports) {
  const std::size_t dash = ports.find('-');
  if (dash == std::string_view::npos) return false;
  const std::string_view first = ports.substr(0, dash);
  const std::string_view last = ports.substr(dash + 1);
  return is_port(first) && is_port(last) && number_of(first) > 0 &&
         number_of(first) <= number_of(last);
}

bool is_zero(std::string_view port) {
  return std::all_of(port.begin(), port.end(), [](char c) { return c == '0'; });
}

HostAndPort split(std::string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (!has_port) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

Result<std::string> parse_ipc(std::string_view text) {
  const std::size_t size = text.size() - kIpc.size();
  if (size == 0 || size > kLongestIpcPath) {
    return permanent(fmt::format("expected ipc:// and a path of 1 to {} bytes", kLongestIpcPath));
  }
  return std::string(text);
}

std::string_view without_tcp(std::string_view text) {
  return text.starts_with(kTcp) ? text.substr(kTcp.size()) : text;
}

}  // namespace

Result<std::string> parse_bind_endpoint(std::string_view text) {
  if (text.starts_with(kIpc)) return parse_ipc(text);
  const auto [host, port] = split(without_tcp(text));
  const bool right =
      (host == "*" || is_host(host)) && (port == "*" || is_port(port) || is_port_range(port));
  if (!right) {
    return permanent("expected tcp://HOST:PORT (* for any, N-M), HOST:PORT or ipc://PATH");
  }
  return std::string(kTcp) + std::string(host) + ':' + (is_zero(port) ? "*" : std::string(port));
}

Result<std::string> parse_connect_endpoint(std::string_view text) {
  if (text.starts_with(kIpc)) return parse_ipc(text);
  const auto [host, port] = split(without_tcp(text));
  if (!is_host(host) || !is_port(port) || is_zero(port)) {
    return permanent("expected tcp://HOST:PORT, HOST:PORT or ipc://PATH");
  }
  return std::string(kTcp) + std::string(host) + ':' + std::string(port);
}

Result<std::string> parse_advertised(std::string_view text) {
  const auto [host, port] = split(text);
  const bool has_colon = host.size() != text.size();
  if (!is_host(host) || (has_colon && (!is_port(port) || is_zero(port)))) {
    return permanent("expected HOST or HOST:PORT, such as node1 or [fd00::1]:5555");
  }
  return std::string(text);
}

Result<std::string> parse_http_address(std::string_view text) {
  const auto [host, port] = split(text);
  const bool right = (host == "*" || is_host(host)) && (port == "*" || is_port(port));
  if (!right) return permanent("expected HOST:PORT, such as 127.0.0.1:8080 or *:8080");
  return std::string(text);
}

bool is_loopback(std::string_view endpoint) {
  if (endpoint.starts_with(kIpc)) return true;
  const std::string_view host = split(without_tcp(endpoint)).host;
  if (host == "localhost" || host == "[::1]") return true;
  // A name such as 127.example.org is not an address.
  return host.starts_with("127.") && std::all_of(host.begin(), host.end(), [](char c) {
           return c == '.' || (c >= '0' && c <= '9');
         });
}

}  // namespace rollcall
