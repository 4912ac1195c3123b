#include "coordinator/output/stream/stream_writer.h"

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
#include "common/os/temporary_file.h"

namespace rollcall::coordinator {
namespace {

constexpr std::size_t kFilePiece = std::size_t{1} << 20U;

}  // namespace

StreamWriter::StreamWriter(int fd, std::string name)
    : fd_(fd), name_(std::move(name)), piece_(PIPE_BUF), file_(0, os::temporary_directory()) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return;
  is_file_ = S_ISREG(status.st_mode);
  is_socket_ = S_ISSOCK(status.st_mode);
  if (is_file_ || is_socket_) piece_ = kFilePiece;
}

void StreamWriter::write_some() {
  // A pipe that polls as writable takes PIPE_BUF bytes at once. O_NONBLOCK would change the
  // descriptor for every process that shares it.
  while (fill_front() && (is_file_ || is_socket_ || writable(0))) {
    if (!write_piece(piece_, false)) break;
  }
  if (bytes_in_memory() > limits::output_in_memory) spool();
}

void StreamWriter::append(std::string&& text) {
  if (buffer_.empty()) {
    buffer_ = std::move(text);
  } else {
    buffer_ += text;
  }
}

void StreamWriter::write_all() {
  while (fill_front() && write_piece(kFilePiece, true)) {
  }
}

bool StreamWriter::writable(int wait_ms) const {
  pollfd waiting{fd_, POLLOUT, 0};
  return ::poll(&waiting, 1, wait_ms) > 0;
}

bool StreamWriter::fill_front() {
  if (!failed_.empty()) buffer_.clear();
  if (written_ < front_.size()) return true;
  front_.clear();
  written_before_ += std::exchange(written_, 0);
  if (in_file()) {
    auto held = file_.take(first_in_file_++);
    if (!held || !*held) {
      fail(held ? std::string("its temporary file is damaged") : held.error().message);
      return false;
    }
    front_ = std::move((*held)->out);
    bytes_in_file_ -= front_.size();
  } else {
    front_.swap(buffer_);
  }
  return !front_.empty();
}

bool StreamWriter::write_piece(std::size_t size, bool may_wait) {
  const char* const data = front_.data() + written_;
  size = std::min(size, front_.size() - written_);
  const ssize_t wrote = is_socket_ && !may_wait
                            ? ::send(fd_, data, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                            : ::write(fd_, data, size);
  if (wrote >= 0) {
    written_ += static_cast<std::size_t>(wrote);
    return true;
  }
  if (errno == EINTR) return true;
  if (errno == EAGAIN || errno == EWOULDBLOCK) return may_wait && (writable(-1) || errno == EINTR);
  fail(std::generic_category().message(errno));
  return false;
}

void StreamWriter::spool() {
  if (!may_use_file_ || buffer_.empty() || !spool_error_.empty()) return;
  const std::size_t size = buffer_.size();
  TaskOutput piece{std::move(buffer_), {}};
  buffer_.clear();
  if (const Result<void> held = file_.hold(next_in_file_, std::move(piece)); !held) {
    // What cannot be held is not taken.
    buffer_ = std::move(piece.out);  // NOLINT(bugprone-use-after-move)
    spool_error_ = held.error().message;
    return;
  }
  ++next_in_file_;
  bytes_in_file_ += size;
}

void StreamWriter::fail(const std::string& why) {
  failed_ = "cannot write " + name_ + ": " + why;
  front_.clear();
  written_ = 0;
  first_in_file_ = next_in_file_;
  bytes_in_file_ = 0;
  buffer_.clear();
}

}  // namespace rollcall::coordinator
