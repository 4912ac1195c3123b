// Feeds a run with the tasks of an input that is read while the run goes on.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "coordinator/core/scheduler.h"
#include "coordinator/exec/input/input_reader.h"
#include "coordinator/kinds/streamed_input.h"

namespace rollcall::coordinator {

/// Reads the source as far as the run can take tasks (limits::read_ahead_tasks and the like) and
/// turns what arrives into events. One owner; the thread of the io_context.
class InputFeed {
 public:
  struct Handlers {
    std::function<void(const Event&)> happened;  ///< a TasksAdded or InputEnded, for the scheduler
    std::function<void()> arrived;               ///< after one or more of these
    std::function<void(const std::string&)> warned;
  };

  /// The arguments outlive this object. With a journal, lines are read at full speed.
  InputFeed(boost::asio::io_context& loop, StreamedInput& input, const Scheduler& scheduler,
            bool has_journal, Handlers handlers)
      : loop_(loop),
        input_(input),
        scheduler_(scheduler),
        has_journal_(has_journal),
        handlers_(std::move(handlers)) {}
  InputFeed(const InputFeed&) = delete;
  InputFeed& operator=(const InputFeed&) = delete;

  /// Opens the source and begins to read. Requires that the run is open.
  void start();
  /// Reads on if there is room, and stops for good once the run takes no more tasks. Call it at the
  /// end of each turn.
  void advance();

 private:
  bool has_room() const;
  void add(std::string_view bytes);
  void end(const Result<void>& result);
  void announce_new_tasks();

  boost::asio::io_context& loop_;
  StreamedInput& input_;
  const Scheduler& scheduler_;
  bool has_journal_;
  Handlers handlers_;
  std::unique_ptr<InputReader> reader_;  ///< null: nothing more is read
  std::uint64_t announced_ = 0;          ///< tasks of which the scheduler knows
  bool is_asked_ = false;                ///< the reader was asked for a chunk
};

}  // namespace rollcall::coordinator
