// The coordinator's shell: it moves events from the world to the scheduler and carries its actions
// out. Every decision is the scheduler's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "common/access/access.h"
#include "common/base/result.h"
#include "common/net/context.h"
#include "common/net/http_health.h"
#include "common/net/socket.h"
#include "common/net/zap.h"
#include "common/wire/codec.h"
#include "coordinator/access/listening.h"
#include "coordinator/control/desk.h"
#include "coordinator/control/socket.h"
#include "coordinator/core/scheduler.h"
#include "coordinator/exec/results/exec_run.h"
#include "coordinator/journal/writer.h"
#include "coordinator/output/output.h"
#include "coordinator/output/progress_writer.h"
#include "coordinator/run/local_workers.h"
#include "coordinator/run/run_start.h"

namespace rollcall::coordinator {

/// One run on one event loop: sockets, timer, signals and local workers around a Scheduler, which
/// it feeds and obeys. Owns everything but the scheduler and the outputs, which outlive it. One
/// thread, that of run().
class Coordinator {
 public:
  /// `start`: its journal, if any, and its keys are used. `exec`: of a run of commands; else null.
  Coordinator(Scheduler& scheduler, Output& output, ProgressWriter& progress, RunStart& start,
              const Listening& listening, const LocalWorkers::Settings& workers,
              ExecRun* exec = nullptr);
  ~Coordinator();
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  /// Binds, answers health checks, and writes the access file. Error: permanent: a port that is
  /// taken, a file that cannot be written; nothing is left behind then.
  [[nodiscard]] Result<void> listen();

  /// Runs until every task is done and the workers are gone, or a second signal came.
  /// Requires listen().
  void run();

  /// The first signal that asked to stop; 0: none came.
  int signal() const { return signal_; }
  /// A second signal ended the run at once: nothing is complete.
  bool interrupted() const { return interrupted_; }
  /// Empty, or why nothing more can be kept: the run was left as it was.
  const std::string& journal_error() const { return journal_error_; }
  /// Empty, or why what the run came to cannot be written any more.
  const std::string& output_error() const;

 private:
  [[nodiscard]] Result<void> answer_health_checks();
  [[nodiscard]] Result<void> open_control_socket();
  std::string answer_control(const std::string& line);
  [[nodiscard]] Result<void> keep_keys(const std::string& bound, const RunKeys& keys);
  void leave();
  void look_for_local_workers();
  bool adopt(const SessionRecord& session);
  void on_adopted_gone(std::uint32_t process);
  void on_message(ConnectionId from, std::span<const std::byte> bytes);
  void on_signal(int number);
  void on_worker_gone(const LocalWorkerExited& event);
  void step(const Event& event);
  void perform(Action& action);
  void publish(const PublishOutcomes& outcomes);
  void keep(const WriteCommit& action);
  void stop_for_output_error();
  void start_local_worker(std::uint32_t launch_id);
  void end_turn(bool inbox_empty);
  void arm_timer();
  void wait_for_signal();
  void stop_when_done();

  Scheduler& scheduler_;
  Output& output_;
  ProgressWriter& progress_;
  RunStart& start_;
  ExecRun* exec_;  ///< null: no commands
  Listening listening_;
  boost::asio::io_context loop_;
  net::Context context_;
  std::unique_ptr<net::ZapHandler> zap_;
  std::unique_ptr<net::Socket> socket_;
  std::unique_ptr<net::HttpHealth> health_;  ///< null: not asked for
  ControlDesk desk_;
  std::unique_ptr<ControlSocket> control_;  ///< null: it could not be made
  LocalWorkers local_workers_;
  boost::asio::steady_timer timer_;
  boost::asio::signal_set signals_;
  WireCodec codec_;
  Access local_access_;   ///< for local workers, but for the launch id
  Access others_access_;  ///< as in the access file
  Event received_;        ///< keeps its columns' memory between messages
  Actions actions_;
  std::unique_ptr<JournalWriter> writer_;  ///< null: no journal
  std::string journal_error_;
  std::string bytes_;
  std::optional<Instant> armed_for_;
  std::optional<Instant> kill_workers_at_;
  int signal_ = 0;
  int signals_came_ = 0;
  bool stops_for_output_ = false;
  bool ended_ = false;
  bool interrupted_ = false;
};

}  // namespace rollcall::coordinator
