// The files of an output spool.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/base/result.h"
#include "common/model/ids.h"
#include "coordinator/core/output/output_rows.h"

namespace rollcall::coordinator {

/// The output of one attempt. Two attempts never share it.
struct SpoolKey {
  SessionIndex session{};
  TaskId task{};
  Attempt attempt = 0;  ///< as on the wire
  Epoch epoch = 0;      ///< in which the attempt was assigned

  friend bool operator==(const SpoolKey&, const SpoolKey&) = default;
  friend bool operator<(const SpoolKey& a, const SpoolKey& b) {
    return std::tie(a.session, a.task, a.attempt, a.epoch) <
           std::tie(b.session, b.task, b.attempt, b.epoch);
  }
};

/// One stream of it.
struct SpoolStream {
  SpoolKey key;
  OutputStream stream = OutputStream::out;

  friend bool operator==(const SpoolStream&, const SpoolStream&) = default;
  friend bool operator<(const SpoolStream& a, const SpoolStream& b) {
    return std::tie(a.key, a.stream) < std::tie(b.key, b.stream);
  }
};

/// An output that was found.
struct SpooledOutput {
  SpoolKey key;
  std::array<std::uint64_t, kOutputStreams.size()> bytes{};  ///< by index(OutputStream)
};

/// Where the bytes of an OutputSpool are. Used by one thread at a time; all functions may block. A
/// stream exists from its first byte on. Functions that return an int return 0 or the errno.
class SpoolFiles {
 public:
  SpoolFiles() = default;
  virtual ~SpoolFiles() = default;
  SpoolFiles(const SpoolFiles&) = delete;
  SpoolFiles& operator=(const SpoolFiles&) = delete;

  /// For messages.
  virtual const std::string& directory() const = 0;
  /// The output that an earlier object has left.
  virtual std::vector<SpooledOutput> list() = 0;

  /// Writes all of `bytes` at the offset `at`. It is beyond the end of the stream only if release()
  /// has given up the gap. May be repeated after it has failed.
  virtual int write(const SpoolStream& stream, std::uint64_t at, std::string_view bytes) = 0;
  /// Makes what was written to the stream durable.
  virtual int sync(const SpoolStream& stream) = 0;
  /// Makes the names of all streams durable.
  virtual int sync_names() = 0;
  /// Fills `bytes` from the offset `at`. EIO if the stream ends before.
  virtual int read(const SpoolStream& stream, std::uint64_t at, std::span<char> bytes) = 0;
  /// Drops the bytes from offset `at` on.
  virtual int cut(const SpoolStream& stream, std::uint64_t at) = 0;
  /// The first `upto` bytes are not read any more: frees their space, as far as that is possible.
  virtual void release(const SpoolStream& stream, std::uint64_t upto) = 0;
  /// Deletes the stream, if it exists.
  virtual int remove(const SpoolStream& stream) = 0;
  /// Nothing more will be written to the stream.
  virtual void close(const SpoolStream& stream) = 0;
};

/// The name of the file of a stream in a named spool, "2-7-1-3.out": session, task, attempt and
/// epoch.
std::string spool_name(const SpoolStream& stream);

/// A file with a name for each stream, in a directory of its own, for a later coordinator to find.
/// The directory is created if it does not exist (mode 0700), and removed at the end if it is
/// empty. At most limits::spool_descriptors files are open: the one that was not used for longest
/// is closed, and opened again when it is needed. A permanent error names the directory and the
/// reason.
Result<std::unique_ptr<SpoolFiles>> open_named_spool(const std::string& directory);

/// One file without a name in `directory`, created when it is first needed, which vanishes with the
/// process. A file without a name cannot be opened again, so a file for each attempt would need a
/// descriptor for each of many thousand commands. All streams share it, each in blocks of
/// limits::spool_block; blocks of deleted streams are returned to the file system, and used again.
/// Cannot be synced.
std::unique_ptr<SpoolFiles> make_unnamed_spool(const std::string& directory);

/// The files of --output-dir, N.out and N.err for task N, which grow as output arrives. They stay.
/// Those of a task belong to the latest attempt (by epoch, then by number) that has written a byte:
/// it empties what it finds, and bytes of an earlier attempt have no effect. After close(), the
/// bytes of a stream are final, and remove() leaves them; else it empties the file, because the
/// task will run again. As many files are open as in a named spool. A permanent error names the
/// directory and the reason.
Result<std::unique_ptr<SpoolFiles>> open_directory_files(const std::string& directory);

}  // namespace rollcall::coordinator
