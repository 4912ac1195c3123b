// Processes that a reference starts: copies of itself, so that they share nothing but sockets.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace rollcall::bench {

/// Forks in its constructor; to be made before any thread and any ZeroMQ context. Each child waits
/// for the text of tell(), runs `body` with it and exits.
class Children {
 public:
  Children(int count, const std::function<void(const std::string&)>& body);
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  /// The same to all, once: where to connect.
  void tell(const std::string& text);
  /// Waits for all. False: one of them failed.
  bool wait();

 private:
  struct Child {
    pid_t pid = 0;
    int pipe = -1;
  };
  std::vector<Child> children_;
};

/// User and system time of this process and of the children that it waited for, in seconds.
double cpu_seconds();
/// The most memory that this process had resident, in bytes.
std::uint64_t peak_rss_bytes();

}  // namespace rollcall::bench
