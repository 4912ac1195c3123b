#include "coordinator/run/join_point.h"

#include <utility>

#include "common/cli/log.h"
#include "coordinator/access/endpoints.h"

namespace rollcall::coordinator {

Result<std::unique_ptr<JoinPoint>> JoinPoint::bind(boost::asio::io_context& loop,
                                                   const Listening& listening,
                                                   const std::optional<JournalKeys>& saved,
                                                   net::Handlers handlers) {
  std::unique_ptr<JoinPoint> made(new JoinPoint(listening));
  if (auto bound = made->bind(loop, saved, std::move(handlers)); !bound) return bound.error();
  return made;
}

Result<void> JoinPoint::bind(boost::asio::io_context& loop, const std::optional<JournalKeys>& saved,
                             net::Handlers handlers) {
  if (saved && listening_.is_bind_given && !may_have_bound(listening_.bind, saved->bind)) {
    return permanent("--bind " + listening_.bind + ": the workers of this run wait for it at " +
                     saved->bind + ", where it listened before; leave out --bind");
  }
  net::BindOptions options;
  options.endpoint = saved ? saved->bind : listening_.bind;
  if (saved) {
    keys_ = saved->keys;
  } else if (listening_.encrypted) {
    keys_ = listening_.keys ? *listening_.keys : make_run_keys("");
  }
  Access access;
  if (listening_.encrypted) {
    options.curve = keys_.coordinator;
    access = access_of(keys_);
    // Before the socket, because ZeroMQ admits every peer while it has no handler.
    auto zap = net::ZapHandler::start(context_, {access.worker_public_key});
    if (!zap) return zap.error();
    zap_ = std::move(*zap);
  }
  auto socket = net::Socket::bind(loop, context_, options, std::move(handlers));
  if (!socket) return socket.error();
  socket_ = std::move(*socket);
  local_access_ = others_access_ = access;
  local_access_.endpoint = endpoint_for_local_workers(socket_->endpoint());
  if (access.endpoint.empty() || !listening_.advertise.empty()) {
    others_access_.endpoint =
        endpoint_for_others(socket_->endpoint(), listening_.advertise, host_name());
  }
  keys_.endpoint = others_access_.endpoint;
  return {};
}

Result<void> JoinPoint::save_keys(const std::string& journal) const {
  return write_journal_keys(journal, {socket_->endpoint(), keys_});
}

Result<void> JoinPoint::write_access_file(const std::filesystem::path& directory) {
  if (listening_.access_file.empty()) return {};
  auto file = AccessFile::create(listening_.access_file, others_access_);
  if (!file) return permanent("--access-file: " + file.error().message);
  access_file_ = std::move(*file);
  if (!directory.empty()) access_file_->note_in(directory);
  write_log(Severity::info, LogLine("workers may join")
                                .add("endpoint", others_access_.endpoint)
                                .add("access_file", listening_.access_file));
  return {};
}

}  // namespace rollcall::coordinator
