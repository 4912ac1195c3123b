// The endpoints that workers are told, from the one that the coordinator listens on.
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

/// Where to listen so that who connects to `endpoint` arrives: its port on every address of this
/// host, which need not have the address that others know; a loopback endpoint and a path as they
/// are.
std::string endpoint_to_bind(std::string_view endpoint);

/// The name of this host.
std::string host_name();

}  // namespace rollcall::coordinator
