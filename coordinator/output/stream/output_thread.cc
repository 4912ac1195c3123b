#include "coordinator/output/stream/output_thread.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "common/base/check.h"
#include "common/limits.h"
#include "common/os/signals_blocked.h"

namespace rollcall::coordinator {

OutputThread::OutputThread() : wake_up_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(wake_up_);
}

OutputThread::~OutputThread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    notify_ = nullptr;
  }
  wake_up();
  thread_.join();
}

StreamWriter& OutputThread::add_stream(int fd, const std::string& name) {
  return *streams_.emplace_back(std::make_unique<StreamWriter>(fd, name));
}

void OutputThread::notify(Step changed) {
  const std::lock_guard lock(mutex_);
  notify_ = std::move(changed);
}

void OutputThread::post(std::size_t bytes, Step step) {
  queued_bytes_ += bytes;
  if (backlog() >= limits::output_backlog) was_behind_ = true;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({bytes, std::move(step)});
    is_idle_ = false;
  }
  if (thread_.joinable()) return wake_up();
  const os::SignalsBlocked blocked;  // signals are for the thread of the event loop
  thread_ = std::thread([this] { run(); });
}

void OutputThread::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_idle_.load(); });
}

void OutputThread::fail(const std::string& why) {
  if (has_failed_) return;
  const std::lock_guard lock(mutex_);
  failed_ = why;
  has_failed_ = true;
}

const std::string& OutputThread::failed() const {
  static const std::string kNothing;
  return has_failed_ ? failed_ : kNothing;
}

std::string OutputThread::spool_error() const {
  const std::lock_guard lock(mutex_);
  return spool_error_;
}

void OutputThread::run() {
  bool is_stopping = false;
  while (!is_stopping) {
    std::deque<Queued> steps = take_steps(is_stopping);
    while (!steps.empty()) {
      const std::size_t bytes = steps.front().bytes;
      steps.front().run();
      steps.pop_front();  // frees the memory of the step
      queued_bytes_ -= bytes;
      write_streams();
    }
    do {
      write_streams();
    } while (refill_());
    publish_state();
    if (!is_stopping) wait_for_work();
  }
}

std::deque<OutputThread::Queued> OutputThread::take_steps(bool& is_stopping) {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_up_.get(), &count, sizeof count);
  const std::lock_guard lock(mutex_);
  is_stopping = is_stopping_;
  return std::exchange(queue_, {});
}

void OutputThread::write_streams() {
  std::size_t bytes = 0;
  for (const auto& stream : streams_) {
    if (stream->pending()) stream->write_some();
    bytes += stream->bytes_in_memory();
  }
  text_bytes_ = bytes;
}

void OutputThread::wait_for_work() const {
  std::vector<pollfd> waiting = {{wake_up_.get(), POLLIN, 0}};
  for (const auto& stream : streams_) {
    if (stream->pending()) waiting.push_back({stream->fd(), POLLOUT, 0});
  }
  ::poll(waiting.data(), waiting.size(), -1);
}

void OutputThread::publish_state() {
  bool is_pending = false;
  std::string spool_error;
  for (const auto& stream : streams_) {
    is_pending |= stream->pending();
    if (!stream->failed().empty()) fail(stream->failed());
    if (!stream->spool_error().empty()) spool_error = stream->spool_error();
  }
  const bool was_behind = was_behind_.exchange(false);  // before a post() that comes now
  const bool is_behind = backlog() >= limits::output_backlog;
  if (is_behind) was_behind_ = true;
  const bool has_caught_up = was_behind && !is_behind;
  const bool has_just_failed = !std::exchange(had_failed_, has_failed_) && has_failed_;
  const std::lock_guard lock(mutex_);
  const bool is_new_error = spool_error_ != spool_error;
  spool_error_ = std::move(spool_error);
  is_idle_ = queue_.empty() && !is_pending;
  changed_.notify_all();
  if (notify_ && (has_caught_up || has_just_failed || is_new_error)) notify_();
}

void OutputThread::wake_up() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t wrote = ::write(wake_up_.get(), &one, sizeof one);
}

}  // namespace rollcall::coordinator
