#include "coordinator/control/socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "common/net/listener.h"
#include "coordinator/control/limits.h"

namespace rollcall::coordinator {
namespace {

namespace asio = boost::asio;
using Code = boost::system::error_code;
using Local = asio::local::stream_protocol;

bool is_trusted(Local::socket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

/// Reads one line and writes the answer, which may be many lines.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Local::socket socket, ControlSocket::Answer answer)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), answer_(std::move(answer)) {}

  /// Calls `done` once, after the connection was closed.
  void start(std::function<void()> done) {
    done_ = std::move(done);
    timer_.expires_after(limits::control_request);
    timer_.async_wait([self = weak_from_this()](Code error) {
      const auto connection = self.lock();
      if (!error && connection) connection->close();
    });
    asio::async_read_until(
        socket_, asio::dynamic_buffer(line_, limits::control_request_bytes), '\n',
        [self = shared_from_this()](Code error, std::size_t) { self->on_line(error); });
  }

  /// Closes the connection. `done` is called later.
  void close() {
    Code ignored;
    socket_.close(ignored);
  }

 private:
  void on_line(Code error) {
    const std::size_t end = line_.find('\n');
    if (error && error != asio::error::not_found) return finish();
    ControlAnswer answer = answer_(end == std::string::npos ? "" : line_.substr(0, end));
    if (answer.lines != nullptr) return send_all(std::move(answer.lines));
    line_ = answer.line + "\n";
    asio::async_write(socket_, asio::buffer(line_),
                      [self = shared_from_this()](Code, std::size_t) { self->finish(); });
  }

  /// Takes as long as the reader wants.
  void send_all(std::shared_ptr<ControlLines> lines) {
    timer_.cancel();
    lines_ = std::move(lines);
    lines_->on_more([self = weak_from_this()] {
      if (const auto connection = self.lock()) connection->send_next();
    });
    watch_for_end();
    send_next();
  }

  void send_next() {
    if (is_writing_ || lines_ == nullptr) return;
    std::optional<std::string> next = lines_->next();
    if (!next) {
      if (lines_->is_over()) finish();
      return;
    }
    line_ = *std::move(next) + "\n";
    is_writing_ = true;
    asio::async_write(socket_, asio::buffer(line_),
                      [self = shared_from_this()](Code error, std::size_t) {
                        self->is_writing_ = false;
                        if (error) return self->finish();
                        self->send_next();
                      });
  }

  /// The reader sends nothing more.
  void watch_for_end() {
    socket_.async_read_some(asio::buffer(&unexpected_, 1),
                            [self = shared_from_this()](Code, std::size_t) { self->finish(); });
  }

  void finish() {
    if (std::exchange(is_finished_, true)) return;
    lines_.reset();
    timer_.cancel();
    close();
    done_();
  }

  Local::socket socket_;
  asio::steady_timer timer_;
  ControlSocket::Answer answer_;
  std::string line_;
  std::shared_ptr<ControlLines> lines_;
  bool is_writing_ = false;  ///< a part of `lines_`
  bool is_finished_ = false;
  char unexpected_ = 0;
  std::function<void()> done_;
};

using ControlListener = net::Listener<Local, Connection>;

/// Identifies a file, to detect that another one replaced it at the same path.
struct FileId {
  dev_t device = 0;
  ino_t number = 0;
  bool is_socket = false;

  static FileId of(const std::string& path) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) return {};
    return {found.st_dev, found.st_ino, S_ISSOCK(found.st_mode)};
  }
  friend bool operator==(const FileId&, const FileId&) = default;
};

}  // namespace

class ControlSocket::Impl {
 public:
  Impl(asio::io_context& loop, const Answer& answer)
      : loop_(loop),
        listener_(std::make_shared<ControlListener>(
            loop, limits::control_connections, limits::control_accept_retry,
            [answer](Local::socket socket) {
              return is_trusted(socket) ? std::make_shared<Connection>(std::move(socket), answer)
                                        : nullptr;
            })) {}
  ~Impl() {
    listener_->close();
    if (!path_.empty() && FileId::of(path_) == file_) ::unlink(path_.c_str());
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> open(const std::string& path) {
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
      return permanent(
          fmt::format("{}: path is longer than {} bytes", path, sizeof(sockaddr_un::sun_path) - 1));
    }
    Local::acceptor& acceptor = listener_->acceptor();
    const Local::endpoint endpoint(path);
    Code error;
    acceptor.open(Local(), error);
    if (!error) acceptor.bind(endpoint, error);
    if (error == asio::error::address_in_use) {
      if (auto removed = remove_stale(endpoint); !removed) return removed;
      acceptor.bind(endpoint, error);
    }
    if (error) return permanent(path + ": " + error.message());
    path_ = path;
    file_ = FileId::of(path);
    // Set the mode before listen(): until then no process can connect.
    if (::chmod(path.c_str(), 0600) != 0) return permanent(path + ": cannot set the file mode");
    acceptor.listen(limits::control_connections, error);
    if (error) return permanent(path + ": " + error.message());
    listener_->accept();
    return {};
  }

 private:
  Result<void> remove_stale(const Local::endpoint& endpoint) {
    const std::string path = endpoint.path();
    if (!FileId::of(path).is_socket) return permanent(path + " exists and is not a socket");
    Local::socket probe(loop_);
    Code error;
    probe.connect(endpoint, error);
    if (error != asio::error::connection_refused) {
      return permanent(path + " is in use by another coordinator");
    }
    ::unlink(path.c_str());
    return {};
  }

  asio::io_context& loop_;
  std::shared_ptr<ControlListener> listener_;
  std::string path_;
  FileId file_;
};

Result<std::unique_ptr<ControlSocket>> ControlSocket::listen(asio::io_context& loop,
                                                             const std::string& path,
                                                             const Answer& answer) {
  auto impl = std::make_unique<Impl>(loop, answer);
  if (auto opened = impl->open(path); !opened) return opened.error();
  return std::unique_ptr<ControlSocket>(new ControlSocket(std::move(impl)));
}

ControlSocket::ControlSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ControlSocket::~ControlSocket() = default;

}  // namespace rollcall::coordinator
