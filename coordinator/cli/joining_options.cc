// The options by which others join a run, and the table of `rollcall keys`.
#include <utility>

#include "common/cli/endpoint_text.h"
#include "common/limits.h"
#include "coordinator/cli/options.h"

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
        "write here what other workers need to join",
        cli::text_into(into.access_file, "a file name"), "ROLLCALL_ACCESS_FILE"},
       {"--keys", "", "DIR", group, Shown::in_help_all,
        "use the keys that rollcall keys has made in DIR, and leave them there",
        cli::text_into(into.keys, "a folder")},
       {"--bind", "", "ENDPOINT", group, Shown::in_help,
        "where to listen (default a free loopback port)",
        cli::parsed_into(into.bind, parse_bind_endpoint)},
       {"--advertise", "", "HOST", group, Shown::in_help_all,
        "HOST or HOST:PORT by which others reach this one (default as bound, or the host name)",
        cli::parsed_into(into.advertise, parse_advertised)},
       {"--wait-for-workers", "", "N", group, Shown::in_help_all,
        "start when N have joined (default the local ones, or 1)",
        cli::count_into(into.wait_for_workers, 1, limits::sessions)},
       {"--join-timeout", "", "D", group, Shown::in_help_all,
        "how long to wait for them (default 30s)",
        cli::duration_into(into.join_timeout, Duration::zero(), longest)},
       {"--heartbeat-interval", "", "D", group, Shown::in_help_all,
        "how often a worker shows that it lives (default 1s)",
        cli::duration_into(into.heartbeat_interval, kShortestHeartbeat,
                           longest / limits::liveness_intervals)},
       {"--liveness", "", "D", group, Shown::in_help_all,
        "a worker silent for so long is lost (default 10s, at least 3 heartbeats)",
        cli::duration_into(into.liveness, Duration::zero(), longest)},
       {"--http", "", "HOST:PORT", group, Shown::in_help_all,
        "answer GET /healthz and /readyz there (default nowhere)",
        cli::parsed_into(into.http, parse_http_address)},
       {"--control", "", "PATH", group, Shown::in_help_all,
        "the socket for rollcall status and drain (default in the runtime directory)",
        cli::text_into(into.control, "the path of a socket")},
       {"--insecure", "", "", group, Shown::in_help_all,
        "no encryption and no keys; on a loopback endpoint only", cli::flag_into(into.insecure)}});
}

cli::CommandSpec keys_command(KeysOptions& options) {
  cli::CommandSpec command{
      "rollcall keys",
      "DIR --endpoint ENDPOINT",
      "Makes the keys of a run ahead of time, in the folder DIR: coordinator.keys for\n"
      "the coordinator (rollcall sleep --keys DIR), run.access for its workers\n"
      "(rollcall-worker --access-file DIR/run.access).\n",
      {},
      "\nIt never replaces keys: to have others, make them in a new folder.\n"};
  command.options.push_back({"--endpoint", "", "ENDPOINT", "Keys", Shown::in_help,
                             "where workers will find the coordinator, tcp://HOST:PORT",
                             cli::parsed_into(options.endpoint, parse_connect_endpoint)});
  command.argument = "DIR";
  return cli::with_standard_options(std::move(command));
}

}  // namespace rollcall::coordinator
