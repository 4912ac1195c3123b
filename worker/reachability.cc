#include "worker/reachability.h"

#include "common/cli/log.h"
#include "common/limits.h"
#include "common/os/clock.h"

namespace rollcall::worker {

void Reachability::on(net::ConnectEvent event, const std::string& endpoint) {
  switch (event) {
    case net::ConnectEvent::connected:
      unreachable_.connected();
      found_.clear();
      return;
    case net::ConnectEvent::not_connected:
      return find_cause(endpoint);
    case net::ConnectEvent::key_refused:
      return failed(endpoint, "it refuses the key of the access file");
    case net::ConnectEvent::handshake_failed:
      return failed(endpoint, "it has other keys than the access file, or is not a coordinator");
    case net::ConnectEvent::handshake_closed:
      return failed(
          endpoint,
          "the handshake failed: it has other keys than the access file, does not answer, "
          "or is not a coordinator");
  }
}

/// ZeroMQ tries more often than a cause is looked for.
void Reachability::find_cause(const std::string& endpoint) {
  if (endpoint.starts_with("ipc://")) return failed(endpoint, "no process listens there");
  const Instant now = os::now();
  if (now < next_probe_) {
    if (!found_.empty()) failed(endpoint, found_);
    return;
  }
  next_probe_ = now + limits::unreachable_probe;
  probe_.start(endpoint, [this, endpoint](const std::string& cause) {
    found_ = cause;
    if (!cause.empty()) failed(endpoint, cause);
  });
}

void Reachability::failed(const std::string& endpoint, const std::string& cause) {
  if (const auto line = unreachable_.failed(os::now(), endpoint, cause)) {
    write_log(Severity::warning, *line);
  }
}

void Reachability::explain(LogLine& line, const std::string& endpoint) const {
  line.add("endpoint", endpoint);
  if (!unreachable_.cause().empty()) line.add("cause", unreachable_.cause());
}

}  // namespace rollcall::worker
