// The endpoint at which workers join a run.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/access/access.h"
#include "common/base/result.h"
#include "common/net/context.h"
#include "common/net/socket.h"
#include "common/net/zap.h"
#include "coordinator/access/access_file.h"
#include "coordinator/access/journal_keys.h"
#include "coordinator/access/listening.h"

namespace rollcall::coordinator {

/// The bound socket, the handler that admits the keys of workers, and the access file, which the
/// destructor removes. One thread, that of `loop`, which outlives it.
class JoinPoint {
 public:
  /// Binds at the endpoint and with the keys that an earlier epoch saved, else those of
  /// `listening`. Fails with a permanent error, for example if the port is taken.
  [[nodiscard]] static Result<std::unique_ptr<JoinPoint>> bind(
      boost::asio::io_context& loop, const Listening& listening,
      const std::optional<JournalKeys>& saved, net::Handlers handlers);
  JoinPoint(const JoinPoint&) = delete;
  JoinPoint& operator=(const JoinPoint&) = delete;

  /// Lets the next coordinator of the run in this journal listen at the same endpoint.
  [[nodiscard]] Result<void> save_keys(const std::string& journal) const;
  /// Writes the access file, if the run has one, and notes it in `directory`, unless that is empty.
  [[nodiscard]] Result<void> write_access_file(const std::filesystem::path& directory);

  net::Socket& socket() { return *socket_; }
  /// As other workers connect to it.
  const std::string& endpoint() const { return others_access_.endpoint; }
  /// For local workers, without a launch id.
  const Access& local_access() const { return local_access_; }

 private:
  explicit JoinPoint(const Listening& listening) : listening_(listening) {}
  [[nodiscard]] Result<void> bind(boost::asio::io_context& loop,
                                  const std::optional<JournalKeys>& saved, net::Handlers handlers);

  Listening listening_;
  net::Context context_;
  std::unique_ptr<net::ZapHandler> zap_;  ///< null: no encryption
  std::unique_ptr<net::Socket> socket_;
  RunKeys keys_;
  Access local_access_;
  Access others_access_;                     ///< the contents of the access file
  std::unique_ptr<AccessFile> access_file_;  ///< null: none
};

}  // namespace rollcall::coordinator
