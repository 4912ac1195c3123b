// A spool in memory, for tests of what prints.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/exec/results/spool_reader.h"

namespace rollcall::coordinator {

/// The test adds bytes, and watches what is read and printed. Any thread.
class FakeSpoolReader final : public SpoolReader {
 public:
  void add(const SpoolStream& stream, const std::string& bytes) {
    const std::lock_guard lock(mutex_);
    bytes_[stream] += bytes;
  }
  /// All reads fail from now on.
  void fail(std::string why) {
    const std::lock_guard lock(mutex_);
    error_ = std::move(why);
  }
  std::uint64_t printed_of(const SpoolStream& stream) {
    const std::lock_guard lock(mutex_);
    return printed_[stream];
  }
  std::vector<SpoolKey> printed_keys() {
    const std::lock_guard lock(mutex_);
    return printed_keys_;
  }
  std::uint64_t bytes_read() {
    const std::lock_guard lock(mutex_);
    return bytes_read_;
  }
  std::size_t most_read() {
    const std::lock_guard lock(mutex_);
    return most_read_;
  }
  std::size_t waits() {
    const std::lock_guard lock(mutex_);
    return waits_;
  }

  Result<std::string> read(const SpoolStream& stream, std::uint64_t from,
                           std::size_t most) override {
    const std::lock_guard lock(mutex_);
    if (!error_.empty()) return permanent(error_);
    const std::string& all = bytes_[stream];
    std::string piece = from < all.size() ? all.substr(from, most) : std::string();
    bytes_read_ += piece.size();
    most_read_ = std::max(most_read_, piece.size());
    return piece;
  }
  Result<void> wait_until_written(const SpoolKey&) override {
    const std::lock_guard lock(mutex_);
    ++waits_;
    if (!error_.empty()) return permanent(error_);
    return {};
  }
  void printed(const SpoolStream& stream, std::uint64_t bytes) override {
    const std::lock_guard lock(mutex_);
    printed_[stream] = bytes;
  }
  void printed(const SpoolKey& key) override {
    const std::lock_guard lock(mutex_);
    printed_keys_.push_back(key);
  }

 private:
  std::mutex mutex_;
  std::map<SpoolStream, std::string> bytes_;
  std::map<SpoolStream, std::uint64_t> printed_;
  std::vector<SpoolKey> printed_keys_;
  std::string error_;
  std::uint64_t bytes_read_ = 0;
  std::size_t most_read_ = 0;
  std::size_t waits_ = 0;
};

}  // namespace rollcall::coordinator
