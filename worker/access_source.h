// Where a worker has its access from.
#pragma once

#include <optional>
#include <string>

#include "common/access/access.h"
#include "common/base/result.h"

namespace rollcall::worker {

/// A file that is read anew before every try, or standard input, which is read once.
class AccessSource {
 public:
  /// `file`: "-" for standard input. `endpoint`: wins over the one in the access; empty: none.
  AccessSource(std::string file, std::string endpoint);

  /// Error: retryable when the file is not there or not complete yet, else permanent. Waits for
  /// the end of standard input.
  [[nodiscard]] Result<Access> read();

 private:
  Result<Access> read_standard_input();

  std::string file_;
  std::string endpoint_;
  std::optional<Access> from_input_;
};

}  // namespace rollcall::worker
