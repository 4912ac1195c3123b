#include "common/net/port_range.h"

#include <charconv>
#include <cstdint>
#include <optional>

namespace rollcall::net {
namespace {

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

bool well_formed(std::string_view endpoint) {
  if (endpoint.starts_with("ipc://")) return true;
  if (!endpoint.starts_with("tcp://")) return false;
  const std::string_view port = endpoint.substr(endpoint.rfind(':') + 1);
  return port == "*" || port_of(port).has_value();
}

PortRange port_range_of(std::string_view endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  const std::size_t dash = endpoint.rfind('-');
  if (!endpoint.starts_with("tcp://") || dash == std::string_view::npos || dash < colon) return {};
  const auto first = port_of(endpoint.substr(colon + 1, dash - colon - 1));
  const auto last = port_of(endpoint.substr(dash + 1));
  if (!first || !last || *first == 0) return {};
  return {std::string(endpoint.substr(0, colon + 1)), *first, *last};
}

}  // namespace rollcall::net
