// Feeds the output of a run with what commands print while they run.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "coordinator/core/event.h"
#include "coordinator/kinds/streamed_output.h"
#include "coordinator/output/output.h"

namespace rollcall::coordinator {

/// Performs the scheduler's actions on a StreamedOutput, and informs the Output of what is printed
/// early. One owner; the thread of the io_context.
class OutputFeed {
 public:
  /// Starts `spool`. The other arguments and what the handlers use outlive this object.
  OutputFeed(boost::asio::io_context& loop, StreamedOutput& spool, Output& output, Epoch epoch,
             StreamedOutput::Handlers handlers)
      : spool_(spool), output_(output) {
    spool_.start(loop, epoch, std::move(handlers));
  }
  /// Stops it. The output must have been drained: it prints from the spool.
  ~OutputFeed() { spool_.stop(); }
  OutputFeed(const OutputFeed&) = delete;
  OutputFeed& operator=(const OutputFeed&) = delete;

  OutputRoom room() const { return spool_.room(); }
  /// Performs TakeOutput for this message. Returns whether more can be printed now.
  bool take(const TakeOutput& action, const rollcall::Output& received);
  void drop(const DropOutput& action);
  void print_early(const PrintEarly& action);

 private:
  StreamedOutput& spool_;
  Output& output_;
  std::optional<SessionAttempt> early_;  ///< printed as it arrives, unless it has ended
};

}  // namespace rollcall::coordinator
