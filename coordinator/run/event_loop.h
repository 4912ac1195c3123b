// The coordinator's event loop: it gives the scheduler events from sockets, processes, signals and
// timers, and performs the scheduler's actions. The scheduler makes every decision.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/repeated_lines.h"
#include "common/base/result.h"
#include "common/limits.h"
#include "common/net/http_health.h"
#include "common/wire/codec.h"
#include "common/wire/envelope.h"
#include "coordinator/access/listening.h"
#include "coordinator/control/desk.h"
#include "coordinator/control/socket.h"
#include "coordinator/core/scheduler.h"
#include "coordinator/journal/writer.h"
#include "coordinator/kinds/task_kind.h"
#include "coordinator/output/output.h"
#include "coordinator/output/progress_writer.h"
#include "coordinator/run/followers.h"
#include "coordinator/run/input_feed.h"
#include "coordinator/run/join_point.h"
#include "coordinator/run/local_workers.h"
#include "coordinator/run/output_feed.h"
#include "coordinator/run/refused_connections.h"
#include "coordinator/run/run_start.h"
#include "coordinator/run/signal_policy.h"

namespace rollcall::coordinator {

/// One run: sockets, timer, signals and local workers around a Scheduler. Its arguments outlive it.
/// One thread, that of run().
class EventLoop {
 public:
  /// Uses the journal of `start`, if it has one, and its keys.
  EventLoop(Scheduler& scheduler, TaskKind& kind, Output& output, ProgressWriter& progress,
            RunStart& start, const Listening& listening, const LocalWorkers::Settings& workers);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Binds, answers health checks, and writes the access file. Fails with a permanent error, for
  /// example if a port is taken or a file cannot be written; then no file remains.
  [[nodiscard]] Result<void> listen();

  /// Runs until every task is done, or the run was left unfinished, and the workers have ended; or
  /// until a signal ended it at once.
  /// Requires listen().
  void run();

  /// Requires listen().
  RunPlace place() const;

  /// The first signal that asked to stop; 0: none.
  int signal() const { return signal_policy_.first(); }
  /// Whether a signal ended the run at once, so that nothing is complete.
  bool interrupted() const { return interrupted_; }
  /// Outcomes that were accepted and are not in the journal, as its disk is full. After run().
  std::uint64_t unsaved() const;
  /// Why nothing more can be committed, and the run was suspended; empty: no error.
  const std::string& journal_error() const { return journal_error_; }
  /// Why results cannot be kept or written any more; empty: no error.
  const std::string& output_error() const {
    return spool_error_.empty() ? output_.failed() : spool_error_;
  }

  /// Runs `work` on a thread of its own, and answers health checks and control requests until it
  /// returns: `work` may wait for a disk, or for the reader of the output. Nothing else happens any
  /// more; a signal calls `abandon` and ends the process. Returns the result of `work`.
  int serve_during(const std::function<int()>& work, std::function<void()> abandon);

 private:
  [[nodiscard]] Result<void> answer_health_checks();
  /// `opened`: the error if `directory`, for its default place, cannot be used.
  [[nodiscard]] Result<void> open_control_socket(const std::filesystem::path& directory,
                                                 Result<void> opened);
  ControlAnswer answer_control(const std::string& line);
  /// Reads the inbox and ends the turn.
  void drain();
  void start_input();
  void start_output();
  void leave();
  void look_for_local_workers();
  bool adopt(const SessionRecord& session);
  void on_adopted_gone(std::uint32_t process);
  net::Handlers socket_handlers();
  void on_message(ConnectionId from, std::span<const std::byte> bytes);
  /// `worker`: as in MalformedReceived.
  void on_malformed(ConnectionId from, const Header& header, const std::string& why,
                    const std::string& worker = {});
  void on_closed(ConnectionId connection);
  void on_dropped(std::optional<ConnectionId> from, const std::string& why);
  void on_signal(int number);
  void announce_wait(int signal);
  void end_now();
  void end_if_nothing_can_be_saved();
  [[noreturn]] void end_process(int signal);
  /// No memory is left for the output of more commands, because its reader is slow.
  bool has_room_for(const Envelope& report) const;
  void warn_of_slow_reader();
  void on_worker_gone(const LocalWorkerExited& event);
  void step(const Event& event);
  void take_outcomes(std::size_t before, Report& report);
  void perform(Send& send);
  void perform(const StartLocalWorker& action);
  void perform(const KillLocalWorker& action);
  void perform(const WriteCommit& action);
  void perform(const PublishStarted& started);
  void perform(const PublishFailed& failed);
  void perform(const PublishOutcomes& outcomes);
  void perform(const PublishInputEnded&);
  void perform(const PublishJoined& joined);
  void perform(const PublishLeft& left);
  void perform(const PublishBack& back);
  void perform(const Log& log);
  void log_of(ConnectionId connection, const LogLine& line, std::uint64_t first = 1);
  void write_log(Severity severity, const LogLine& line);
  void perform(const FinishRun&);
  void perform(const End& end);
  void perform(const TakeOutput& action);
  void perform(const DropOutput& action);
  void perform(const CutOutput& action);
  void perform(const KeepOutput& action);
  void perform(const PrintEarly& action);
  void perform(const OutputStuck& action);
  void fail_output(const std::string& why);
  void stop_for_output_error();
  void end_turn(bool inbox_empty);
  void arm_timer();
  void wait_for_signal();
  void stop_when_done();
  void stop_serving(Instant started, std::uint64_t unread, Instant since);

  Scheduler& scheduler_;
  TaskKind& kind_;
  Output& output_;
  ProgressWriter& progress_;
  RunStart& start_;
  Listening listening_;
  boost::asio::io_context loop_;
  std::unique_ptr<JoinPoint> join_point_;    ///< null before listen()
  std::unique_ptr<net::HttpHealth> health_;  ///< null: without --http
  Followers followers_;
  ControlDesk desk_;
  std::unique_ptr<ControlSocket> control_;  ///< null: it could not be created
  std::string control_path_;                ///< empty: the same
  LocalWorkers local_workers_;
  std::unique_ptr<InputFeed> input_;         ///< null: every task is known
  std::unique_ptr<OutputFeed> output_feed_;  ///< null: output arrives in reports alone
  boost::asio::steady_timer timer_;
  boost::asio::signal_set signals_;
  SignalPolicy signal_policy_;
  WireCodec codec_;
  RepeatedLines repeated_{limits::repeated_lines};  ///< lines about peers
  RefusedConnections refused_;
  Event received_;  ///< reused, so that its columns keep their memory
  Actions actions_;
  std::unique_ptr<JournalWriter> writer_;  ///< null: no journal
  std::string journal_error_;
  bool is_disk_full_ = false;  ///< the journal cannot be written now
  std::uint64_t saved_ = 0;    ///< outcomes in the journal
  std::string bytes_;
  std::optional<Instant> armed_for_;
  std::optional<Instant> kill_workers_at_;
  std::string spool_error_;  ///< why no more output can be kept
  /// Set if the run stops because of output_error(): whether running tasks may end.
  std::optional<bool> stops_for_output_;
  bool has_warned_of_slow_reader_ = false;
  std::function<void()> abandon_;  ///< set by serve_during()
  bool ended_ = false;
  bool interrupted_ = false;
};

}  // namespace rollcall::coordinator
