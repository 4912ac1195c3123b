// What local workers write to standard error.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <string_view>

#include "common/os/descriptor.h"

namespace rollcall::coordinator {

/// One pipe, which is the standard error of all local workers. They do not share that of this
/// process: a worker that outlives it would keep a terminal, or the pipe to `tee`, open. A worker
/// never waits for this process either: text is lost while the pipe is full, or when this process
/// has ended. One thread, that of `loop`, which outlives it.
class WorkerLog {
 public:
  /// Whole lines, if they are short enough for an atomic write (PIPE_BUF).
  using OnText = std::function<void(std::string_view text)>;

  WorkerLog(boost::asio::io_context& loop, OnText on_text);
  WorkerLog(const WorkerLog&) = delete;
  WorkerLog& operator=(const WorkerLog&) = delete;

  /// For the workers; -1 if the pipe could not be made.
  int writing_end() const { return writing_end_.get(); }
  /// Passes on all text written so far: the last words of a worker that has ended.
  void drain();

 private:
  void watch();

  OnText on_text_;
  os::Descriptor writing_end_;
  boost::asio::posix::stream_descriptor reading_end_;
};

}  // namespace rollcall::coordinator
