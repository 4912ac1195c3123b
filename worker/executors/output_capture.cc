#include "worker/executors/output_capture.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <utility>

#include "common/limits.h"

namespace rollcall::worker {

struct OutputCapture::Watch : std::enable_shared_from_this<Watch> {
  Watch(boost::asio::io_context& loop, int fd, OutputCapture& capture)
      : stream(loop, fd), owner(&capture) {}

  void next() {
    stream.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](boost::system::error_code error) {
                        if (error || self->owner == nullptr) return;
                        if (self->owner->read_some()) {
                          self->next();
                        } else {
                          self->owner->close();
                        }
                      });
  }

  boost::asio::posix::stream_descriptor stream;
  OutputCapture* owner;  ///< null once it has closed
};

void OutputCapture::open(os::Descriptor pipe, std::size_t most) {
  pipe_ = std::move(pipe);
  most_ = most;
}

void OutputCapture::watch(boost::asio::io_context& loop) {
  if (!pipe_) return;
  watch_ = std::make_shared<Watch>(loop, pipe_.release(), *this);
  watch_->next();
}

void OutputCapture::drain() {
  int waiting = 0;
  std::size_t seen = 0;
  // A descendant may write more for ever. Only the bytes written by now belong to the command.
  while (fd() >= 0 && seen < limits::output_left && ::ioctl(fd(), FIONREAD, &waiting) == 0 &&
         waiting > 0 && read_some()) {
    seen += static_cast<std::size_t>(waiting);
  }
}

std::string OutputCapture::take() {
  most_ = 0;
  return std::exchange(kept_, {});
}

void OutputCapture::close() {
  pipe_.reset();
  if (!watch_) return;
  watch_->owner = nullptr;
  boost::system::error_code ignored;
  watch_->stream.close(ignored);
  watch_.reset();
}

int OutputCapture::fd() const {
  return watch_ ? watch_->stream.native_handle() : pipe_.get();
}

bool OutputCapture::read_some() {
  static thread_local std::array<char, std::size_t{64} << 10U> bytes;
  const ssize_t size = ::read(fd(), bytes.data(), bytes.size());
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  keep({bytes.data(), static_cast<std::size_t>(size)});
  return size > 0;
}

void OutputCapture::keep(std::string_view bytes) {
  const std::size_t wanted = std::min(bytes.size(), most_ - kept_.size());
  dropped_ += bytes.size() - wanted;
  const std::size_t size = kept_.size() + wanted;
  // Never more capacity than may be kept: there are as many buffers as slots.
  if (size > kept_.capacity()) kept_.reserve(std::min(most_, std::max(size, 2 * kept_.size())));
  kept_.append(bytes.substr(0, wanted));
}

}  // namespace rollcall::worker
