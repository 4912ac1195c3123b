// Files of a spool in memory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "coordinator/exec/results/spool_files.h"

namespace rollcall::coordinator {

/// A disk in memory, which the test watches, stops and fails. Outlives the files.
struct Disk {
  /// Counts the call and waits while the disk is stopped. The caller takes effect before it
  /// unlocks, so that whoever sees the call of a running disk sees its effect.
  [[nodiscard]] std::unique_lock<std::mutex> call(const std::string& what) {
    std::unique_lock lock(mutex);
    calls.push_back(what);
    resumed.wait(lock, [this] { return !is_stopped; });
    return lock;
  }
  void stop() {
    const std::lock_guard lock(mutex);
    is_stopped = true;
  }
  void resume() {
    const std::lock_guard lock(mutex);
    is_stopped = false;
    resumed.notify_all();
  }
  std::size_t count(const std::string& what) {
    const std::lock_guard lock(mutex);
    return static_cast<std::size_t>(std::count(calls.begin(), calls.end(), what));
  }
  /// Until it was called.
  void wait_for(const std::string& what) {
    while (count(what) == 0) std::this_thread::yield();
  }
  /// Every call of this function fails until the error is 0.
  void fail(const std::string& function, int error) {
    const std::lock_guard lock(mutex);
    errors[function] = error;
  }
  std::mutex mutex;
  std::condition_variable resumed;
  bool is_stopped = false;
  std::vector<std::string> calls;
  std::map<std::string, int> errors;
  std::map<SpoolStream, std::string> bytes;
  std::map<SpoolStream, std::size_t> synced;
  std::map<SpoolStream, std::size_t> released;
};

class FakeFiles final : public SpoolFiles {
 public:
  explicit FakeFiles(Disk& disk) : disk_(disk) {}

  const std::string& directory() const override { return directory_; }
  std::vector<SpooledOutput> list() override {
    std::map<SpoolKey, SpooledOutput> found;
    for (const auto& [stream, bytes] : disk_.bytes) {
      found[stream.key].key = stream.key;
      found[stream.key].bytes[index(stream.stream)] = bytes.size();
    }
    std::vector<SpooledOutput> all;
    for (const auto& [key, output] : found) all.push_back(output);
    return all;
  }
  int write(const SpoolStream& stream, std::uint64_t at, std::string_view bytes) override {
    const auto lock = disk_.call("write");
    if (const int error = disk_.errors["write"]; error != 0) return error;
    std::string& file = disk_.bytes[stream];
    EXPECT_LE(at, std::max(file.size(), disk_.released[stream])) << "a gap";
    file.resize(at);
    file.append(bytes);
    return 0;
  }
  int sync(const SpoolStream& stream) override {
    const auto lock = disk_.call("sync");
    if (const int error = disk_.errors["sync"]; error != 0) return error;
    disk_.synced[stream] = disk_.bytes[stream].size();
    return 0;
  }
  int sync_names() override {
    const auto lock = disk_.call("sync_names");
    return disk_.errors["sync_names"];
  }
  int read(const SpoolStream& stream, std::uint64_t at, std::span<char> bytes) override {
    const auto lock = disk_.call("read");
    if (const int error = disk_.errors["read"]; error != 0) return error;
    const std::string& file = disk_.bytes[stream];
    if (file.size() < at + bytes.size()) return EIO;
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(at), bytes.size(), bytes.begin());
    return 0;
  }
  int cut(const SpoolStream& stream, std::uint64_t at) override {
    const auto lock = disk_.call("cut");
    disk_.bytes[stream].resize(at);
    return 0;
  }
  void release(const SpoolStream& stream, std::uint64_t upto) override {
    const auto lock = disk_.call("release");
    disk_.released[stream] = upto;
  }
  int remove(const SpoolStream& stream) override {
    const auto lock = disk_.call("remove");
    disk_.bytes.erase(stream);
    disk_.released.erase(stream);
    return 0;
  }
  void close(const SpoolStream&) override { const auto lock = disk_.call("close"); }

 private:
  Disk& disk_;
  std::string directory_ = "/fake";
};

}  // namespace rollcall::coordinator
