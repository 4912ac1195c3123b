// Derives the endpoints that workers connect to from the one that the coordinator is bound to.
#pragma once

#include <string>
#include <string_view>

namespace rollcall::coordinator {

/// The endpoint for workers on this host: a wildcard address is replaced by the loopback address.
std::string endpoint_for_local_workers(std::string_view bound);

/// The endpoint for workers on other hosts: `advertised` (HOST or HOST:PORT) unless it is empty.
/// Otherwise a wildcard address is replaced by `host_name`, and any other address is unchanged.
std::string endpoint_for_others(std::string_view bound, std::string_view advertised,
                                std::string_view host_name);

/// The endpoint to bind such that connections to `endpoint` arrive: its port on all addresses of
/// this host, since the host may not have the public address (NAT). A loopback or ipc:// endpoint
/// is unchanged.
std::string endpoint_to_bind(std::string_view endpoint);

/// Whether a socket that was bound at `endpoint`, which may have wildcards, may be at `bound`.
/// Names are not resolved.
bool may_have_bound(std::string_view endpoint, std::string_view bound);

/// The name of this host.
std::string host_name();

}  // namespace rollcall::coordinator
