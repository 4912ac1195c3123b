// What the thread that prints output needs of the spool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/base/result.h"
#include "coordinator/exec/results/spool_files.h"

namespace rollcall::coordinator {

/// Any thread but those of the loop and the spool. Functions may wait for the disk. Errors are
/// permanent: one from the disk, or that the spool has ended.
class SpoolReader {
 public:
  SpoolReader() = default;
  virtual ~SpoolReader() = default;
  SpoolReader(const SpoolReader&) = delete;
  SpoolReader& operator=(const SpoolReader&) = delete;

  /// Bytes of the stream from offset `from` on, `most` of them or fewer, but at least one if the
  /// spool has taken more than `from`. They need not be on the disk yet, but for a spool with
  /// `sync`, which returns only durable bytes. Empty if there are none.
  virtual Result<std::string> read(const SpoolStream& stream, std::uint64_t from,
                                   std::size_t most) = 0;
  /// Waits until everything that the spool has taken of the attempt is on the disk.
  virtual Result<void> wait_until_written(const SpoolKey& key) = 0;
  /// The first `bytes` of the stream are printed, and will not be read again. They were read.
  /// Does not wait.
  virtual void printed(const SpoolStream& stream, std::uint64_t bytes) = 0;
  /// So is the whole attempt. Does not wait.
  virtual void printed(const SpoolKey& key) = 0;
};

}  // namespace rollcall::coordinator
