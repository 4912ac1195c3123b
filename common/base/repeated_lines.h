// Thins out log lines that a peer can cause again and again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/log_line.h"

namespace rollcall {

/// Counts lines by their source and their text. A line is logged the first time, or the
/// `first`-th time, and then with its count (`times`) whenever that is a power of ten. Remembers
/// `most` lines; all others count as one, so that a flood is bounded in memory and in the log.
/// Pure; one owner, one thread.
class RepeatedLines {
 public:
  explicit RepeatedLines(std::size_t most) : most_(most) {}

  /// The line has occurred again. Returns what to log, if anything. `first` is a power of ten.
  std::optional<LogLine> count(std::uint64_t source, const LogLine& line, std::uint64_t first = 1);
  /// Takes out the counted lines, and returns those that have occurred since they were last logged,
  /// with their final counts.
  std::vector<LogLine> take_rest();

 private:
  struct Counted {
    LogLine line;
    std::uint64_t count = 0;
    std::uint64_t logged = 0;  ///< `count` when it was last logged; 0: never
  };

  std::size_t most_;
  std::map<std::pair<std::uint64_t, std::string>, Counted> lines_;
  Counted others_{"more lines about other peers"};
};

}  // namespace rollcall
