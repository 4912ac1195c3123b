// A file beside the journal that holds the number of its commits, so that a shortened or missing
// write-ahead log is detected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/base/result.h"
#include "common/model/ids.h"
#include "common/os/descriptor.h"

namespace rollcall::coordinator {

/// Writes the file FILE-commits of one journal. The number in it may be too low, for instance after
/// a failed write, but never too high. One owner, one thread.
class CommitCounter {
 public:
  /// A number, and the run that it belongs to.
  struct Count {
    RunId run;
    std::uint64_t commits = 0;
  };

  /// Returns the file name for the journal `path`.
  static std::string name_of(const std::string& path);
  /// Returns the newest number in the file of the journal `path`; nullopt if the file is missing or
  /// damaged.
  static std::optional<Count> read(const std::string& path);

  /// Removes the file, if it is a commit counter.
  static void remove(const std::string& path);

  /// Opens or creates the file, durably, with `count`. Never overwrites a file that is not a commit
  /// counter. The error is retryable if the disk is full, otherwise permanent.
  [[nodiscard]] Result<void> open(const std::string& path, const Count& count);
  /// Replaces the number, durably. Does nothing before open().
  void write(std::uint64_t commits);

 private:
  os::Descriptor file_;
  RunId run_;
  std::size_t slot_ = 0;  ///< where the next number is written
};

}  // namespace rollcall::coordinator
