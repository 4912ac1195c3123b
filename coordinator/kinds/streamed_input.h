// An input that is read while the run goes on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/result.h"
#include "common/os/descriptor.h"
#include "coordinator/core/commits/commit.h"

namespace rollcall::coordinator {

/// Turns bytes of a source into tasks. The runtime reads the source and passes the bytes. Errors
/// are permanent, with a line for the user that names the source. One owner, one thread.
class StreamedInput {
 public:
  StreamedInput() = default;
  virtual ~StreamedInput() = default;
  StreamedInput(const StreamedInput&) = delete;
  StreamedInput& operator=(const StreamedInput&) = delete;

  /// Hands over the source, from its first byte that gave no task yet. Fails if the rest cannot be
  /// read, for example because the run was resumed and the source was a pipe. Called once.
  [[nodiscard]] virtual Result<os::Descriptor> open() = 0;
  /// Takes the next bytes, or the end. If a line is invalid, the lines before it are tasks all the
  /// same, and nothing may be added any more.
  [[nodiscard]] virtual Result<void> add(std::string_view bytes) = 0;
  [[nodiscard]] virtual Result<void> finish() = 0;
  /// Ends the input where it cannot be read any further, because of `why`. The lines so far are
  /// tasks all the same. Returns the error for the user.
  virtual Error end_early(std::string_view why) = 0;

  /// Tasks so far.
  virtual std::uint64_t size() const = 0;
  /// Bytes that a task has on average.
  virtual std::uint64_t mean_bytes() const = 0;
  /// At most this many attempts at these tasks fit into one message.
  virtual std::size_t assignment_attempts() const = 0;
  /// Something that the user should know now; empty: nothing. Returned once.
  virtual std::string take_warning() { return {}; }
  /// Something that the user should know of the whole input; empty: nothing.
  virtual std::string warning() const = 0;
  /// Adds their input to the next tasks that are committed.
  virtual void complete(CommittedTasks& tasks) = 0;
};

}  // namespace rollcall::coordinator
