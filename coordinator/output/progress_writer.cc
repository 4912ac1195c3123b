#include "coordinator/output/progress_writer.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string_view>

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstBar = 500ms;
constexpr Duration kBarInterval = 100ms;
constexpr std::size_t kUsualColumns = 80;

std::size_t columns_of(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsualColumns;
}

bool is_failure(Outcome outcome) {
  return outcome == Outcome::failed || outcome == Outcome::timed_out || outcome == Outcome::lost;
}

}  // namespace

ProgressPlace progress_place(int out_fd, int error_fd, bool task_lines, bool brief) {
  const char* const term = std::getenv("TERM");
  ProgressPlace place;
  place.on_terminal =
      ::isatty(error_fd) != 0 && term != nullptr && std::string_view(term) != "dumb";
  place.lines_on_terminal = task_lines && ::isatty(out_fd) != 0;
  place.silent = brief && ::isatty(error_fd) == 0;
  return place;
}

bool color_wanted(int error_fd) {
  const char* const no_color = std::getenv("NO_COLOR");
  return ::isatty(error_fd) != 0 && (no_color == nullptr || *no_color == '\0');
}

ProgressWriter::ProgressWriter(const RunRecords& records, ProgressStyle style, int fd, bool color)
    : records_(records), style_(style), fd_(fd), color_(color) {}

Instant ProgressWriter::next_deadline() const {
  if (style_ == ProgressStyle::none || !records_.first_dispatch) return kNever;
  if (style_ == ProgressStyle::plain) {
    return *records_.first_dispatch + next_plain_line(last_.value_or(Duration::zero()));
  }
  return *records_.first_dispatch + (last_ ? *last_ + kBarInterval : kFirstBar);
}

void ProgressWriter::advance(Instant now) {
  if (now < next_deadline()) return;
  last_ = now - *records_.first_dispatch;
  const Progress progress = progress_at(now);
  if (style_ == ProgressStyle::plain) return show(plain_line(progress) + "\n");
  show("\r" + bar_line(progress, columns_of(fd_), color_) + "\x1b[K");
  shown_ = true;
}

void ProgressWriter::hide() {
  if (shown_) show("\r\x1b[K");
  shown_ = false;
}

void ProgressWriter::finish() {
  hide();
  style_ = ProgressStyle::none;
}

Progress ProgressWriter::progress_at(Instant now) {
  for (; counted_ < records_.accepted(); ++counted_) {
    if (is_failure(records_.outcome_of(records_.task[counted_]))) ++failed_;
  }
  Progress progress;
  progress.total = records_.spec.task_count;
  progress.may_grow = records_.spec.is_open;
  progress.done = records_.accepted();
  progress.running = running_();
  progress.is_paused = is_paused_();
  progress.failed = failed_;
  progress.elapsed = now - *records_.first_dispatch;
  progress.expected = expected_;
  return progress;
}

void ProgressWriter::show(const std::string& text) {
  pollfd ready{fd_, POLLOUT, 0};
  if (::poll(&ready, 1, 0) != 1) return;
  [[maybe_unused]] const ssize_t wrote = ::write(fd_, text.data(), text.size());
}

}  // namespace rollcall::coordinator
