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

namespace rollcall::worker {

/// Owns the reading end of a pipe and the first bytes read from it; counts the rest. Never blocks.
/// One thread, that of the loop.
class OutputCapture {
 public:
  OutputCapture() = default;
  ~OutputCapture() { close(); }
  OutputCapture(const OutputCapture&) = delete;
  OutputCapture& operator=(const OutputCapture&) = delete;

  /// Call it once, first. `most`: bytes to keep.
  void open(os::Descriptor pipe, std::size_t most);
  /// Reads output as it arrives from now on. Short commands do not need that: their output stays in
  /// the pipe until drain(). Call it at most once.
  void watch(boost::asio::io_context& loop);
  /// Reads the output that is in the pipe.
  void drain();
  /// Closes the pipe. Processes that still write get SIGPIPE.
  void close();

  /// Bytes read beyond those kept.
  std::uint64_t dropped() const { return dropped_; }
  /// Returns the bytes kept. All later ones are dropped.
  std::string take();

 private:
  struct Watch;

  int fd() const;
  /// Returns false at the end of the stream.
  bool read_some();
  void keep(std::string_view bytes);

  os::Descriptor pipe_;           ///< until watch()
  std::shared_ptr<Watch> watch_;  ///< after that; its handlers may outlive this object
  std::size_t most_ = 0;
  std::string kept_;
  std::uint64_t dropped_ = 0;
};

}  // namespace rollcall::worker
