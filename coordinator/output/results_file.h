// --results: one row for each task in a file, in order of finish.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "common/base/result.h"
#include "common/os/descriptor.h"
#include "coordinator/core/model/records.h"
#include "coordinator/exec/results/command_results.h"

namespace rollcall::coordinator {

/// A results file (docs/reference/results.md): CSV, or JSON lines if its name ends in .jsonl.
/// A regular file is written beside its place and put there when it is whole, so that a run that
/// fails leaves an older file as it was. Devices and pipes are written directly; /dev/stdout,
/// /dev/stderr and /dev/fd/N mean that descriptor of this process. SIGPIPE must be ignored.
class ResultsFile {
 public:
  /// At the start of a run. Error (permanent): the file cannot be written there.
  static Result<std::unique_ptr<ResultsFile>> open(const std::string& path);

  ResultsFile(const ResultsFile&) = delete;
  ResultsFile& operator=(const ResultsFile&) = delete;
  /// Takes away what was not put in place.
  ~ResultsFile();

  /// At the end of a run, once: writes all rows and puts the file in place. Blocks. `order` is
  /// finish_order(records). Error (permanent): the rows could not be written.
  /// `commands`: of a run of commands; else null.
  Result<void> write(const RunRecords& records, std::span<const std::uint32_t> order,
                     const CommandResults* commands = nullptr);

 private:
  ResultsFile() = default;
  Result<void> open_in_place();
  Result<void> open_beside();
  Result<void> write_rows(const RunRecords& records, std::span<const std::uint32_t> order,
                          const CommandResults* commands);
  Result<void> put_in_place();
  Error error(const std::string& what, int code) const;

  std::string path_;       ///< as the user named it
  std::string place_;      ///< where the file is to be, links followed
  std::string temporary_;  ///< what is to be renamed to place_; empty: nothing
  os::Descriptor file_;
  bool json_ = false;
};

}  // namespace rollcall::coordinator
