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
                        const std::shared_ptr<OutputBuffer> buffer = self->owner->buffer_;
                        if (self->owner->read_some()) {
                          self->owner->read_on();
                        } else {
                          self->owner->close();
                        }
                        if (buffer && buffer->on_read) buffer->on_read();
                      });
  }

  boost::asio::posix::stream_descriptor stream;
  OutputCapture* owner;  ///< null once it has closed
};

void OutputCapture::open(os::Descriptor pipe, std::size_t most,
                         std::shared_ptr<OutputBuffer> buffer) {
  pipe_ = std::move(pipe);
  most_ = most;
  buffer_ = std::move(buffer);
}

void OutputCapture::watch(boost::asio::io_context& loop) {
  if (!pipe_) return;
  watch_ = std::make_shared<Watch>(loop, pipe_.release(), *this);
  watch_->next();
}

/// When the buffer has room, or needs none because the rest is dropped.
void OutputCapture::read_on() {
  if (!buffer_ || buffer_->has_room() || buffer_->size() >= most_) return watch_->next();
  buffer_->on_room = [paused = std::weak_ptr<Watch>(watch_)] {
    const std::shared_ptr<Watch> watch = paused.lock();
    if (watch && watch->owner != nullptr) watch->next();
  };
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
  const std::shared_ptr<OutputBuffer> buffer = std::exchange(buffer_, nullptr);
  if (buffer && buffer->on_room) std::exchange(buffer->on_room, nullptr)();
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
  const std::uint64_t kept = buffer_ ? buffer_->size() : kept_.size();
  const std::size_t wanted = std::min<std::uint64_t>(bytes.size(), most_ - kept);
  dropped_ += bytes.size() - wanted;
  if (buffer_) return buffer_->append(bytes.substr(0, wanted));
  const std::size_t size = kept_.size() + wanted;
  // Never more capacity than may be kept: there are as many buffers as slots.
  if (size > kept_.capacity()) kept_.reserve(std::min(most_, std::max(size, 2 * kept_.size())));
  kept_.append(bytes.substr(0, wanted));
}

}  // namespace rollcall::worker
