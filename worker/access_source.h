// Reads the access document of a worker, from a file or from standard input.
#pragma once

#include <optional>
#include <string>

#include "common/access/access.h"
#include "common/base/result.h"

namespace rollcall::worker {

/// A file is read before every attempt to join; standard input is read once.
class AccessSource {
 public:
  /// `file`: "-" for standard input. `endpoint`: overrides that of the document, unless empty.
  AccessSource(std::string file, std::string endpoint);

  /// Blocks until the end of standard input. The error is retryable if the file is missing or
  /// incomplete, otherwise permanent.
  [[nodiscard]] Result<Access> read();

 private:
  Result<Access> read_standard_input();

  std::string file_;
  std::string endpoint_;
  std::optional<Access> from_input_;
};

}  // namespace rollcall::worker
