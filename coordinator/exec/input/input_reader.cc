#include "coordinator/exec/input/input_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/limits.h"
#include "common/os/signals_blocked.h"

namespace rollcall::coordinator {

/// The owner's side. Used on the thread of the io_context only.
struct InputReader::State {
  Handlers handlers;
  std::size_t open_requests = 0;
  bool is_stopped = false;
};

/// The thread's side.
class InputReader::Reading {
 public:
  Reading(boost::asio::io_context& context, os::Descriptor fd, std::shared_ptr<State> state);

  // On the owner's thread.

  void permit() {
    ++permits_;
    wake_up();
  }
  void stop() {
    is_stopping_ = true;
    wake_up();
  }

  /// On the thread: reads until the end, an error or stop().
  void run();

 private:
  void wake_up() const;
  /// Returns false if the thread shall end.
  bool read_chunk();
  /// Like read(), but does not wait where the system has a way.
  ssize_t read_now();
  bool fail(int error);
  /// Calls `call(handlers)` on the owner's thread.
  template <class Call>
  void post(Call call);

  boost::asio::io_context& context_;
  os::Descriptor fd_;
  std::shared_ptr<State> state_;
  os::Descriptor wake_up_;
  bool is_write_only_ = false;  ///< poll() would wait forever, read() fails
  bool is_socket_ = false;
  os::Descriptor pipe_in_;  ///< of a pipe that takes the bytes of a pipe or FIFO; else none
  os::Descriptor pipe_out_;
  std::vector<char> buffer_;
  std::atomic<std::size_t> permits_ = 0;
  std::atomic<bool> is_stopping_ = false;
};

InputReader::Reading::Reading(boost::asio::io_context& context, os::Descriptor fd,
                              std::shared_ptr<State> state)
    : context_(context),
      fd_(std::move(fd)),
      state_(std::move(state)),
      wake_up_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      buffer_(limits::input_chunk) {
  CHECK(fd_);
  CHECK(wake_up_);
  ::fcntl(fd_.get(), F_SETFD, FD_CLOEXEC);
  const int flags = ::fcntl(fd_.get(), F_GETFL);
  is_write_only_ = flags >= 0 && (flags & O_ACCMODE) == O_WRONLY;
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) return;
  is_socket_ = S_ISSOCK(status.st_mode);
  std::array<int, 2> ends = {-1, -1};
  if (!S_ISFIFO(status.st_mode) || ::pipe2(ends.data(), O_CLOEXEC) != 0) return;
  pipe_out_ = os::Descriptor(ends[0]);
  pipe_in_ = os::Descriptor(ends[1]);
}

void InputReader::Reading::run() {
  bool is_open = true;
  while (is_open) {
    const bool may_read = permits_ > 0;
    const bool must_fail = may_read && is_write_only_;
    const int input = may_read ? fd_.get() : -1;  // -1 is not polled
    std::array<pollfd, 2> waiting = {{{wake_up_.get(), POLLIN, 0}, {input, POLLIN, 0}}};
    const int count = ::poll(waiting.data(), waiting.size(), must_fail ? 0 : -1);
    if (count < 0 && errno != EINTR) is_open = fail(errno);
    if (waiting[0].revents != 0) {
      std::uint64_t ignored = 0;
      [[maybe_unused]] const ssize_t got = ::read(wake_up_.get(), &ignored, sizeof ignored);
    }
    if (is_stopping_) return;
    if (waiting[1].revents != 0 || must_fail) is_open = read_chunk();
  }
}

void InputReader::Reading::wake_up() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t wrote = ::write(wake_up_.get(), &one, sizeof one);
}

bool InputReader::Reading::read_chunk() {
  const ssize_t size = read_now();
  if (size < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) return true;
  if (size < 0) return fail(errno);
  if (size == 0) {
    post([](const Handlers& handlers) { handlers.on_end(); });
    return false;
  }
  --permits_;
  std::string chunk(buffer_.data(), static_cast<std::size_t>(size));
  post([chunk = std::move(chunk)](const Handlers& handlers) mutable {
    handlers.on_chunk(std::move(chunk));
  });
  return true;
}

ssize_t InputReader::Reading::read_now() {
  char* const into = buffer_.data();
  const std::size_t size = buffer_.size();
  if (is_socket_) return ::recv(fd_.get(), into, size, MSG_DONTWAIT);
  if (!pipe_in_) return ::read(fd_.get(), into, size);
  const ssize_t moved =
      ::splice(fd_.get(), nullptr, pipe_in_.get(), nullptr, size, SPLICE_F_NONBLOCK);
  if (moved > 0) return ::read(pipe_out_.get(), into, size);
  if (moved < 0 && (errno == ENOSYS || errno == EINVAL)) {
    pipe_in_.reset();
    return ::read(fd_.get(), into, size);
  }
  return moved;
}

bool InputReader::Reading::fail(int error) {
  post([why = "cannot be read: " + std::generic_category().message(error)](
           const Handlers& handlers) { handlers.on_error(why); });
  return false;
}

template <class Call>
void InputReader::Reading::post(Call call) {
  boost::asio::post(context_, [state = state_, call = std::move(call)]() mutable {
    if (state->is_stopped) return;
    --state->open_requests;
    call(state->handlers);
  });
}

InputReader::InputReader(boost::asio::io_context& context, os::Descriptor fd, Handlers handlers)
    : state_(std::make_shared<State>()),
      reading_(std::make_unique<Reading>(context, std::move(fd), state_)) {
  state_->handlers = std::move(handlers);
  const os::SignalsBlocked blocked;  // signals are for the thread of the event loop
  thread_ = std::thread([this] { reading_->run(); });
}

InputReader::~InputReader() {
  stop();
}

void InputReader::request() {
  if (state_->is_stopped || state_->open_requests == limits::input_chunks) return;
  ++state_->open_requests;
  reading_->permit();
}

void InputReader::stop() {
  if (!thread_.joinable()) return;
  state_->is_stopped = true;
  reading_->stop();
  thread_.join();
  reading_.reset();
}

}  // namespace rollcall::coordinator
