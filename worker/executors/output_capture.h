// Captures one output stream of a command.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/os/descriptor.h"
#include "worker/executors/output_buffer.h"

namespace rollcall::worker {

/// Owns the reading end of a pipe and the first bytes read from it; counts the rest. Never blocks.
/// With a buffer, the bytes go there instead, and the pipe is read only while the buffer has room:
/// then the command blocks when the pipe is full. One thread, that of the loop.
class OutputCapture {
 public:
  OutputCapture() = default;
  ~OutputCapture() { close(); }
  OutputCapture(const OutputCapture&) = delete;
  OutputCapture& operator=(const OutputCapture&) = delete;

  /// Call it once, first. `most`: bytes to keep. `buffer`: may be null.
  void open(os::Descriptor pipe, std::size_t most, std::shared_ptr<OutputBuffer> buffer = nullptr);
  /// Reads output as it arrives from now on. Short commands do not need that: their output stays in
  /// the pipe until drain(). Call it at most once.
  void watch(boost::asio::io_context& loop);
  /// Reads the output that is in the pipe, whether or not the buffer has room: as much as a pipe
  /// holds.
  void drain();
  /// Closes the pipe. Processes that still write get SIGPIPE.
  void close();

  /// Bytes read beyond those kept.
  std::uint64_t dropped() const { return dropped_; }
  /// Returns the bytes kept, but not those in the buffer. All later ones are dropped.
  std::string take();

 private:
  struct Watch;

  int fd() const;
  /// Returns false at the end of the stream.
  bool read_some();
  void keep(std::string_view bytes);
  void read_on();

  os::Descriptor pipe_;           ///< until watch()
  std::shared_ptr<Watch> watch_;  ///< after that; its handlers may outlive this object
  std::size_t most_ = 0;
  std::string kept_;
  std::shared_ptr<OutputBuffer> buffer_;  ///< null: bytes go to kept_
  std::uint64_t dropped_ = 0;
};

}  // namespace rollcall::worker
