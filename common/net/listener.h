// Accepts connections on the event loop, a bounded number at a time.
#pragma once

#include <fcntl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <utility>

#include "common/model/time.h"

namespace rollcall::net {

/// A listening socket of an Asio protocol and its connections, none of which a child process
/// inherits; at the limit, a new connection replaces the oldest one. A Connection has start(done),
/// which calls `done` once when it has ended, and close(), after which it ends. Runs on the thread
/// of `loop`, which must outlive it. Made by std::make_shared.
template <class Protocol, class Connection>
class Listener : public std::enable_shared_from_this<Listener<Protocol, Connection>> {
 public:
  using Socket = typename Protocol::socket;
  /// Makes the connection of an accepted socket; null: the peer is refused.
  using Make = std::function<std::shared_ptr<Connection>(Socket socket)>;

  /// `most`: connections. `retry_after`: after an error such as too many open files, which would
  /// repeat at once.
  Listener(boost::asio::io_context& loop, std::size_t most, Duration retry_after, Make make)
      : acceptor_(loop),
        retry_(loop),
        most_(most),
        retry_after_(retry_after),
        make_(std::move(make)) {}

  /// To be opened, bound, and made to listen before accept().
  typename Protocol::acceptor& acceptor() { return acceptor_; }

  void accept() {
    keep_from_children(acceptor_.native_handle());
    acceptor_.async_accept([self = this->shared_from_this()](Code error, Socket socket) {
      if (self->closed_) return;
      if (error) return self->accept_later();
      keep_from_children(socket.native_handle());
      if (auto connection = self->make_(std::move(socket))) self->serve(std::move(connection));
      self->accept();
    });
  }

  /// Closes the socket and all connections.
  void close() {
    closed_ = true;
    Code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
    for (const auto& connection : connections_) connection->close();
  }
  bool closed() const { return closed_; }

 private:
  using Code = boost::system::error_code;

  /// Asio does not set this.
  static void keep_from_children(int descriptor) {
    static_cast<void>(::fcntl(descriptor, F_SETFD, FD_CLOEXEC));
  }

  void accept_later() {
    retry_.expires_after(retry_after_);
    retry_.async_wait([self = this->shared_from_this()](Code error) {
      if (!error && !self->closed_) self->accept();
    });
  }

  void serve(std::shared_ptr<Connection> connection) {
    if (connections_.size() >= most_) {
      connections_.front()->close();
      connections_.pop_front();
    }
    connections_.push_back(connection);
    connection->start([self = this->weak_from_this(), ended = connection.get()] {
      const auto listener = self.lock();
      if (!listener) return;
      listener->connections_.remove_if([=](const auto& each) { return each.get() == ended; });
    });
  }

  typename Protocol::acceptor acceptor_;
  boost::asio::steady_timer retry_;
  std::size_t most_;
  Duration retry_after_;
  Make make_;
  std::list<std::shared_ptr<Connection>> connections_;  ///< oldest first
  bool closed_ = false;
};

}  // namespace rollcall::net
