// Feeds the output of a run with what commands print while they run.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
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
    handlers.happened = [this, happened = std::move(handlers.happened)](const Event& event) {
      happened(event);
      if (early_) output_.output_arrived();  // with a journal, what is durable can be printed
    };
    spool_.start(loop, epoch, std::move(handlers));
  }
  /// Stops it. The output must have been drained: it prints from the spool.
  ~OutputFeed() { spool_.stop(); }
  OutputFeed(const OutputFeed&) = delete;
  OutputFeed& operator=(const OutputFeed&) = delete;

  OutputRoom room() const;
  /// Performs TakeOutput for this message. Returns whether more can be printed now.
  bool take(const TakeOutput& action, const rollcall::Output& received);
  void drop(const DropOutput& action);
  void print_early(const PrintEarly& action);

  // Only with a journal.
  std::vector<FoundOutput> found() const { return spool_.found(); }
  void cut(const CutOutput& action) { spool_.cut(action); }
  void keep(const KeepOutput& action) { spool_.keep(action.attempts); }
  /// When commit `number` is durable, the journal says that `published` records were published.
  void note_commit(std::uint64_t number, std::uint64_t published) {
    commits_.emplace_back(number, published);
  }
  /// Commits up to this number are durable.
  void committed(const RunRecords& records, std::uint64_t number);

 private:
  void print(SessionIndex session, const rollcall::Output& received,
             const std::vector<bool>& is_taken);

  StreamedOutput& spool_;
  Output& output_;
  std::optional<SessionAttempt> early_;  ///< printed as it arrives, unless it has ended
  std::deque<std::pair<std::uint64_t, std::uint64_t>> commits_;  ///< not durable: see note_commit()
};

}  // namespace rollcall::coordinator
