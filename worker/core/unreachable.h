// Which lines report that the coordinator cannot be reached.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/log_line.h"
#include "common/model/time.h"

namespace rollcall::worker {

/// Thins out the causes: a new one is logged at once, and the same again with its count, at most
/// every limits::unreachable_lines. Pure; one owner, one thread; `now` never goes back.
class Unreachable {
 public:
  /// An attempt to connect to `endpoint` has failed. Returns what to log, if anything.
  std::optional<LogLine> failed(Instant now, const std::string& endpoint, const std::string& cause);
  /// The coordinator is reached: the next cause is a new one.
  void connected() { *this = {}; }

  /// Of the last attempt; empty: none has failed since the coordinator was reached.
  const std::string& cause() const { return cause_; }

 private:
  LogLine line() const;

  std::string endpoint_;
  std::string cause_;
  Instant logged_;
  std::uint64_t repeats_ = 0;  ///< since it was logged
};

}  // namespace rollcall::worker
