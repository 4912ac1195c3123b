// Output that arrives while its commands run.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/messages/output.h"
#include "coordinator/core/event.h"
#include "coordinator/core/model/records.h"
#include "coordinator/core/output/output_rows.h"
#include "coordinator/exec/results/output_spool.h"
#include "coordinator/exec/results/spool_files.h"

namespace rollcall::coordinator {

/// Keeps output until it is printed. The scheduler decides which bytes are taken, and when an
/// attempt's output is not needed any more. One owner; the thread of the event loop. Nothing waits
/// for a disk, but for start() and stop().
class StreamedOutput {
 public:
  struct Handlers {
    /// OutputWritten has happened.
    std::function<void(const Event&)> happened;
    /// There may be more room now.
    std::function<void()> changed;
    /// A line for the user.
    std::function<void(const std::string&)> warned;
    /// Nothing more can be kept, because of this: the run must be stopped.
    std::function<void(const std::string&)> failed;
    /// Asked by room(): whether all that was given to the output is printed.
    std::function<bool()> is_output_idle;
  };

  StreamedOutput() = default;
  virtual ~StreamedOutput() = default;
  StreamedOutput(const StreamedOutput&) = delete;
  StreamedOutput& operator=(const StreamedOutput&) = delete;

  /// Called once, before all others. `loop` and what the handlers use must live until stop().
  /// `epoch`: of this coordinator.
  virtual void start(boost::asio::io_context& loop, Epoch epoch, Handlers handlers) = 0;
  /// Ends what start() has begun. Output that was not printed is lost, unless there is a journal.
  virtual void stop() = 0;

  /// For TurnEnded.
  virtual OutputRoom room() const = 0;
  /// Performs TakeOutput for this message.
  virtual void take(SessionIndex session, const rollcall::Output& output,
                    const std::vector<bool>& is_taken) = 0;
  /// Performs DropOutput.
  virtual void drop(const SessionAttempt& attempt) = 0;
  /// Where the output of the task is, of which bytes were taken and neither the outcome was
  /// accepted nor the output dropped: that of the latest attempt. nullopt: there is none.
  virtual std::optional<SpoolKey> output_of(TaskId task) const = 0;
  /// As OutputSpool::peek(). Without files, `done` is never called.
  virtual void peek(const SpoolStream& stream, std::uint64_t from, std::size_t most,
                    OutputSpool::PeekHandler done) = 0;
  /// Performs PrintEarly, but for the printing. Returns where the output is.
  virtual SpoolKey print_early(const SessionAttempt& attempt) = 0;

  // Only with a journal.

  /// What earlier coordinators have left, as of start(), of attempts whose outcome is not known.
  virtual std::vector<FoundOutput> found() const = 0;
  /// Performs CutOutput.
  virtual void cut(const CutOutput& action) = 0;
  /// Performs KeepOutput.
  virtual void keep(const std::vector<SessionAttempt>& attempts) = 0;
  /// It is committed that the first `published` of these records were published. Only now their
  /// output may go.
  virtual void committed(const RunRecords& records, std::uint64_t published) = 0;
};

}  // namespace rollcall::coordinator
