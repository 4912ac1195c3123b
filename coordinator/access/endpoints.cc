#include "coordinator/access/endpoints.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>

#include "common/cli/endpoint_text.h"

namespace rollcall::coordinator {
namespace {

constexpr std::string_view kTcp = "tcp://";

/// The parts of a tcp endpoint. An IPv6 host includes its brackets.
struct HostPort {
  std::string_view host;
  std::string_view port;
};

HostPort split(std::string_view host_and_port) {
  const std::size_t colon = host_and_port.rfind(':');
  return {host_and_port.substr(0, colon), host_and_port.substr(colon + 1)};
}

std::string tcp(std::string_view host, std::string_view port) {
  return std::string(kTcp) + std::string(host) + ":" + std::string(port);
}

/// "5555", "*" or "7000-7010".
bool includes_port(std::string_view wanted, std::string_view port) {
  const std::size_t dash = wanted.find('-');
  if (dash == std::string_view::npos) return wanted == "*" || wanted == port;
  const auto number = [](std::string_view text) {
    std::uint32_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  return number(wanted.substr(0, dash)) <= number(port) &&
         number(port) <= number(wanted.substr(dash + 1));
}

bool is_wildcard(std::string_view host) {
  return host == "0.0.0.0" || host == "[::]" || host == "*";
}

/// Whether `advertised` is "HOST:PORT". The colons of an IPv6 address are in brackets.
bool has_port(std::string_view advertised) {
  const std::size_t colon = advertised.rfind(':');
  const std::size_t bracket = advertised.rfind(']');
  return colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
}

}  // namespace

std::string endpoint_for_local_workers(std::string_view bound) {
  return endpoint_for_others(bound, "", "127.0.0.1");
}

std::string endpoint_for_others(std::string_view bound, std::string_view advertised,
                                std::string_view host_name) {
  if (!bound.starts_with(kTcp)) return std::string(bound);
  const HostPort own = split(bound.substr(kTcp.size()));
  if (has_port(advertised)) return std::string(kTcp) + std::string(advertised);
  if (!advertised.empty()) return tcp(advertised, own.port);
  return tcp(is_wildcard(own.host) ? host_name : own.host, own.port);
}

std::string endpoint_to_bind(std::string_view endpoint) {
  if (is_loopback(endpoint)) return std::string(endpoint);
  return tcp("*", split(endpoint.substr(kTcp.size())).port);
}

bool may_have_bound(std::string_view endpoint, std::string_view bound) {
  if (!endpoint.starts_with(kTcp) || !bound.starts_with(kTcp)) return endpoint == bound;
  const HostPort wanted = split(endpoint.substr(kTcp.size()));
  const HostPort actual = split(bound.substr(kTcp.size()));
  if (!includes_port(wanted.port, actual.port)) return false;
  if (is_wildcard(wanted.host) || is_wildcard(actual.host)) {
    return is_wildcard(wanted.host) && is_wildcard(actual.host);
  }
  // The address of a name, or of an interface, is not known here.
  const bool is_address = wanted.host.find_first_not_of("0123456789.") == std::string_view::npos;
  return !is_address || wanted.host == actual.host;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

}  // namespace rollcall::coordinator
