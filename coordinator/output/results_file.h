// --results: one row for each task in a file, in order of finish.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "common/base/result.h"
#include "common/os/descriptor.h"
#include "coordinator/core/model/records.h"
#include "coordinator/view/display.h"

namespace rollcall::coordinator {

/// A results file (docs/reference/results.md): CSV, or JSON lines if its name ends in .jsonl.
/// A regular file is written under a temporary name and renamed when it is complete: a run that
/// fails leaves an older file unchanged. Devices and pipes are written directly; /dev/stdout,
/// /dev/stderr and /dev/fd/N mean that descriptor of this process. One thread. SIGPIPE must be
/// ignored.
class ResultsFile {
 public:
  /// Called at the start of a run. Fails with a permanent error if the file cannot be written
  /// there.
  static Result<std::unique_ptr<ResultsFile>> open(const std::string& path);

  ResultsFile(const ResultsFile&) = delete;
  ResultsFile& operator=(const ResultsFile&) = delete;
  /// Deletes an incomplete file.
  ~ResultsFile();

  /// Called once, at the end of a run: writes all rows and renames the file. Blocks. `order` is
  /// finish_order(records). Fails with a permanent error if the rows cannot be written.
  Result<void> write(const RunRecords& records, std::span<const std::uint32_t> order,
                     const KindDisplay& display);
  /// Deletes an incomplete file. Any thread, if the process ends then.
  void discard() const;

 private:
  ResultsFile() = default;
  Result<void> open_in_place();
  Result<void> open_beside();
  Result<void> write_rows(const RunRecords& records, std::span<const std::uint32_t> order,
                          const KindDisplay& display);
  Result<void> put_in_place();
  Error error(const std::string& what, int code) const;

  std::string path_;       ///< as given by the user
  std::string place_;      ///< path of the file, links resolved
  std::string temporary_;  ///< to be renamed to place_; empty: nothing
  os::Descriptor file_;
  bool json_ = false;
};

}  // namespace rollcall::coordinator
