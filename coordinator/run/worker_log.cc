#include "coordinator/run/worker_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace rollcall::coordinator {
namespace {

/// Reads without other work between: all that fits into a pipe.
constexpr int kRounds = 16;

}  // namespace

WorkerLog::WorkerLog(boost::asio::io_context& loop, OnText on_text)
    : on_text_(std::move(on_text)), reading_end_(loop) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return;
  writing_end_ = os::Descriptor(ends[1]);
  reading_end_.assign(ends[0]);
  watch();
}

void WorkerLog::watch() {
  reading_end_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [this](boost::system::error_code error) {
                            if (error) return;
                            drain();
                            watch();
                          });
}

void WorkerLog::drain() {
  if (!reading_end_.is_open()) return;
  std::array<char, 4096> text{};
  for (int round = 0; round < kRounds; ++round) {
    const ssize_t got = ::read(reading_end_.native_handle(), text.data(), text.size());
    if (got <= 0) return;
    on_text_({text.data(), static_cast<std::size_t>(got)});
  }
}

}  // namespace rollcall::coordinator
