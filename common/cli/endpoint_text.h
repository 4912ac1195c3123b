// Endpoints as people write them. Nothing here is resolved or opened.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rollcall {

/// An endpoint to listen on, as net::Socket takes it: tcp://HOST:PORT (HOST and PORT may be *, PORT
/// may be FIRST-LAST), the same without tcp://, or ipc://PATH. Port 0 becomes *. The error says
/// "expected ...".
Result<std::string> parse_bind_endpoint(std::string_view text);

/// An endpoint to connect to: as above, with a host and a port that are not wildcards.
Result<std::string> parse_connect_endpoint(std::string_view text);

/// HOST or HOST:PORT under which others reach a coordinator, an IPv6 address in brackets.
Result<std::string> parse_advertised(std::string_view text);

/// HOST:PORT to answer HTTP at, as it is; HOST may be * and PORT may be * or 0, a free one.
Result<std::string> parse_http_address(std::string_view text);

/// True if nothing beyond this host can reach `endpoint`, the result of a parse above:
/// tcp://127.*, tcp://localhost, tcp://[::1] and ipc://.
bool is_loopback(std::string_view endpoint);

}  // namespace rollcall
