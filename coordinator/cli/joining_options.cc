// The options by which other machines join a run.

#include "common/cli/endpoint_text.h"
#include "common/limits.h"
#include "coordinator/cli/run_options.h"

namespace rollcall::coordinator {
namespace {

using cli::OptionSpec;
using cli::Shown;

constexpr Duration kShortestHeartbeat = std::chrono::milliseconds(1);

}  // namespace

void add_joining(std::vector<OptionSpec>& table, JoiningOptions& into) {
  const Duration longest = limits::longest_duration;
  const char* group = "Other machines";
  table.insert(
      table.end(),
      {{"--access-file", "", "FILE", group, Shown::in_help,
        "write the access data with which other workers join",
        cli::text_into(into.access_file, "a file name"), "ROLLCALL_ACCESS_FILE"},
       {"--keys", "", "DIR", group, Shown::in_help_all,
        "use the keys in DIR, made by rollcall keys", cli::text_into(into.keys, "a directory")},
       {"--bind", "", "ENDPOINT", group, Shown::in_help,
        "where to listen (default a free loopback port)",
        cli::parsed_into(into.bind, parse_bind_endpoint)},
       {"--advertise", "", "HOST", group, Shown::in_help_all,
        "HOST or HOST:PORT that other hosts connect to (default as bound, or the host name)",
        cli::parsed_into(into.advertise, parse_advertised)},
       {"--wait-for-workers", "", "N", group, Shown::in_help_all,
        "start when N workers have joined (default the local ones, or 1)",
        cli::count_into(into.wait_for_workers, 1, limits::sessions)},
       {"--require-workers", "", "", group, Shown::in_help_all,
        "exit 4 if fewer workers have joined in time, instead of starting with them",
        cli::flag_into(into.require_workers)},
       {"--join-timeout", "", "D", group, Shown::in_help_all,
        "how long to wait for workers (default 30s)",
        cli::duration_into(into.join_timeout, Duration::zero(), longest)},
       {"--heartbeat-interval", "", "D", group, Shown::in_help_all,
        "time between two heartbeats of a worker (default 1s)",
        cli::duration_into(into.heartbeat_interval, kShortestHeartbeat,
                           longest / limits::liveness_intervals)},
       {"--liveness", "", "D", group, Shown::in_help_all,
        "silence after which a worker is lost (default 10s, at least 3 heartbeats)",
        cli::duration_into(into.liveness, Duration::zero(), longest)},
       {"--rejoin-for", "", "D", group, Shown::in_help_all,
        "how long a worker that hears nothing tries to join again (default 1m)",
        cli::duration_into(into.rejoin_for, Duration::zero(), longest)},
       {"--http", "", "HOST:PORT", group, Shown::in_help_all,
        "answer GET /healthz and /readyz at this address",
        cli::parsed_into(into.http, parse_http_address)},
       {"--control", "", "PATH", group, Shown::in_help_all,
        "the socket for rollcall status and drain (default in the runtime directory)",
        cli::text_into(into.control, "the path of a socket")},
       {"--insecure", "", "", group, Shown::in_help_all,
        "no encryption and no keys; on a loopback endpoint only", cli::flag_into(into.insecure)}});
}

}  // namespace rollcall::coordinator
