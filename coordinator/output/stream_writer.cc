#include "coordinator/output/stream_writer.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

constexpr std::size_t kFilePiece = std::size_t{1} << 20U;

}  // namespace

StreamWriter::StreamWriter(int fd, std::string name)
    : fd_(fd), name_(std::move(name)), piece_(PIPE_BUF) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return;
  is_file_ = S_ISREG(status.st_mode);
  is_socket_ = S_ISSOCK(status.st_mode);
  if (is_file_ || is_socket_) piece_ = kFilePiece;
}

void StreamWriter::write_some() {
  if (!failed_.empty()) written_ = buffer_.size();
  // A pipe that polls as writable takes PIPE_BUF bytes at once; to set O_NONBLOCK instead would
  // change the descriptor for every process that shares it.
  while (pending() && (is_file_ || is_socket_ || writable(0))) {
    if (!write_piece(std::min(piece_, buffer_.size() - written_), false)) break;
  }
  forget_written();
  if (buffer_.size() - written_ > limits::output_backlog) write_all();
}

void StreamWriter::write_all() {
  while (pending() && write_piece(std::min(kFilePiece, buffer_.size() - written_), true)) {
  }
  forget_written();
}

bool StreamWriter::writable(int wait_ms) const {
  pollfd waiting{fd_, POLLOUT, 0};
  return ::poll(&waiting, 1, wait_ms) > 0;
}

bool StreamWriter::write_piece(std::size_t size, bool may_wait) {
  if (!failed_.empty()) {
    written_ = buffer_.size();
    return false;
  }
  const char* const data = buffer_.data() + written_;
  const ssize_t wrote = is_socket_ && !may_wait
                            ? ::send(fd_, data, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                            : ::write(fd_, data, size);
  if (wrote >= 0) {
    written_ += static_cast<std::size_t>(wrote);
    return true;
  }
  if (errno == EINTR) return true;
  if (errno == EAGAIN || errno == EWOULDBLOCK) return may_wait && (writable(-1) || errno == EINTR);
  fail(errno);
  return false;
}

void StreamWriter::fail(int error) {
  failed_ = "cannot write " + name_ + ": " + std::generic_category().message(error);
  written_ = buffer_.size();
}

void StreamWriter::forget_written() {
  if (written_ == buffer_.size()) {
    buffer_.clear();
    written_ = 0;
  } else if (written_ > buffer_.size() / 2) {
    buffer_.erase(0, written_);
    written_ = 0;
  }
}

}  // namespace rollcall::coordinator
