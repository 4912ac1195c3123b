// What a command writes to one of its two streams.
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

/// The reading end of a pipe, and the first bytes that came out of it. Never waits; keeps no more
/// than it was told to, and counts the rest. One thread, that of the loop.
class OutputCapture {
 public:
  OutputCapture() = default;
  ~OutputCapture() { close(); }
  OutputCapture(const OutputCapture&) = delete;
  OutputCapture& operator=(const OutputCapture&) = delete;

  /// Once, before everything else.
  void open(os::Descriptor pipe, std::size_t keep);
  /// From now on reads what comes as it comes. Short commands are cheaper without: their output
  /// stays in the pipe until drain(). Once.
  void watch(boost::asio::io_context& loop);
  /// Reads what is there.
  void drain();
  /// Whoever still writes gets SIGPIPE.
  void close();

  /// Bytes that were not kept.
  std::uint64_t dropped() const { return dropped_; }
  /// What was kept. From now on everything is dropped.
  std::string take();

 private:
  struct Watch;

  int fd() const;
  /// False: there will be no more.
  bool read_some();
  void keep(std::string_view bytes);

  os::Descriptor pipe_;           ///< until watch()
  std::shared_ptr<Watch> watch_;  ///< from then on; its handlers may outlive this
  std::size_t most_ = 0;
  std::string kept_;
  std::uint64_t dropped_ = 0;
};

}  // namespace rollcall::worker
