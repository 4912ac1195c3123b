// Parses endpoints. Nothing is resolved or opened.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rollcall {

/// Returns an endpoint for net::Socket to listen on: tcp://HOST:PORT (HOST and PORT may be *, PORT
/// may be FIRST-LAST; tcp:// may be omitted) or ipc://PATH. Port 0 becomes *. Errors start with
/// "expected".
Result<std::string> parse_bind_endpoint(std::string_view text);

/// Returns an endpoint to connect to: as above, without wildcards.
Result<std::string> parse_connect_endpoint(std::string_view text);

/// HOST or HOST:PORT at which workers reach a coordinator; an IPv6 address is in brackets.
Result<std::string> parse_advertised(std::string_view text);

/// HOST:PORT for the HTTP server, unchanged. HOST may be *; PORT may be * or 0 for a free port.
Result<std::string> parse_http_address(std::string_view text);

/// Whether only this host can reach `endpoint` (a result of the functions above):
/// tcp://127.*, tcp://localhost, tcp://[::1] and ipc://.
bool is_loopback(std::string_view endpoint);

}  // namespace rollcall
