// The endpoints that workers connect to, derived from the one that the coordinator listens on.
#pragma once

#include <string>
#include <string_view>

namespace rollcall::coordinator {

/// For workers on this host: a wildcard address becomes the loopback one.
std::string endpoint_for_local_workers(std::string_view bound);

/// For others: `advertised` (HOST or HOST:PORT; empty: not given) wins; else a wildcard address
/// becomes `host_name`, and any other stays.
std::string endpoint_for_others(std::string_view bound, std::string_view advertised,
                                std::string_view host_name);

/// Where to listen so that peers can connect to `endpoint`: its port on every address of this host,
/// as others may know the host by an address that it does not have. A loopback endpoint or a path
/// is returned unchanged.
std::string endpoint_to_bind(std::string_view endpoint);

/// The name of this host.
std::string host_name();

}  // namespace rollcall::coordinator
