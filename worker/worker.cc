#include "worker/worker.h"

#include <unistd.h>

#include <fmt/core.h>
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/check.h"
#include "common/base/repeated_lines.h"
#include "common/cli/log.h"
#include "common/limits.h"
#include "common/net/context.h"
#include "common/net/http_health.h"
#include "common/net/socket.h"
#include "common/os/clock.h"
#include "common/os/random.h"
#include "common/os/usage.h"
#include "common/wire/codec.h"
#include "worker/access_source.h"
#include "worker/core/session.h"
#include "worker/executors/alarm.h"
#include "worker/executors/executor_table.h"
#include "worker/identity.h"
#include "worker/reachability.h"

namespace rollcall::worker {
namespace {

Begun new_session() {
  return {os::random_id128<SessionSecret>(), os::random_u64()};
}

net::ConnectOptions connect_options(const Access& access) {
  net::ConnectOptions options{access.endpoint, std::nullopt};
  if (access.encrypted()) {
    options.curve =
        net::CurvePeer{access.server_key, {access.worker_public_key, access.worker_secret_key}};
  }
  return options;
}

}  // namespace

class Worker::Loop {
 public:
  Loop(const WorkerOptions& options, const os::DescriptorLimit& descriptors)
      : options_(options),
        descriptors_(descriptors),
        source_(options.access_file, options.connect),
        signals_(loop_, SIGTERM, SIGUSR1),
        alarm_(loop_, [this] { on_alarm(); }),
        reachability_(loop_),
        identity_(identify(options, descriptors)),
        executors_(executor_context()) {
    if (!options.parent_pid) signals_.add(SIGINT);
  }

  int run() {
    started_ = os::now();
    await_signal();
    if (answer_health_checks()) seek_access();
    if (!status_) loop_.run();
    CHECK(status_.has_value());
    return *status_;
  }

 private:
  ExecutorContext executor_context() {
    ExecutorContext context{loop_, identity_.name, options_.slots, descriptors_.inherited, {}, {},
                            {}};
    context.on_ended = [this] { end_turn(); };
    context.on_broken = [this](const std::string& reason) {
      take_ended();
      handle(ExecutorFailed{reason});
      end_turn();
    };
    context.on_warning = [](const std::string& text) { write_log(Severity::warning, text); };
    return context;
  }

  /// /readyz answers 200 while the worker belongs to a run. Returns false, and ends, if the address
  /// cannot be used.
  bool answer_health_checks() {
    if (options_.http.empty()) return true;
    auto health = net::HttpHealth::listen(loop_, options_.http,
                                          [this] { return session_ && session_->welcomed(); });
    if (!health) {
      end(kExitUsage, "--http: " + health.error().message);
      return false;
    }
    health_ = std::move(*health);
    write_log(Severity::info, LogLine("answering health checks").add("url", health_->url()));
    return true;
  }

  // Joining.

  /// The worker may be started first and waits for the file.
  void seek_access() {
    const Result<Access> access = source_.read();
    if (access) {
      begin(*access);
      return;
    }
    const Error& error = access.error();
    const Instant now = os::now();
    if (error.kind != ErrorKind::retryable) {
      end(kExitUsage, error.message);
    } else if (now - started_ >= options_.connect_timeout) {
      end(kExitNoCoordinator, "never connected: " + error.message);
    } else {
      if (!is_seeking_) write_log(Severity::info, "waiting: " + error.message);
      is_seeking_ = true;
      alarm_.set(now + limits::access_retry);
    }
  }

  void begin(const Access& access) {
    if (const Result<void> connected = connect(access); !connected) {
      end(kExitUsage, connected.error().message);
      return;
    }
    identity_.launch_id = access.launch_id;
    session_.emplace(identity_, options_.connect_timeout - (os::now() - started_),
                     options_.idle_timeout);
    handle(new_session());
    end_turn();
  }

  Result<void> connect(const Access& access) {
    net::Handlers handlers;
    handlers.on_message = [this](ConnectionId, std::span<const std::byte> bytes) {
      on_message(bytes);
    };
    handlers.on_turn = [this](bool inbox_empty) {
      if (inbox_empty && std::exchange(is_deadline_due_, false)) handle(DeadlineReached{});
      end_turn();
    };
    handlers.on_connect_event = [this, endpoint = access.endpoint](net::ConnectEvent event) {
      reachability_.on(event, endpoint);
    };
    auto made = net::Socket::connect(loop_, context_, connect_options(access), std::move(handlers));
    if (!made) return made.error();
    socket_ = std::move(*made);
    access_ = access;
    return {};
  }

  /// Returns true if the access file has changed and names a coordinator to connect to.
  bool follow_access() {
    const Result<Access> access = source_.read();
    if (!access || *access == access_) return false;
    write_log(Severity::info, "the access file has changed; connecting to " + access->endpoint);
    const Result<void> connected = connect(*access);
    if (!connected) write_log(Severity::warning, connected.error().message);
    return connected.has_value();
  }

  // Events.

  void on_message(std::span<const std::byte> bytes) {
    const Result<void> decoded = codec_.decode(bytes, incoming_);
    if (!decoded) {
      if (is_other_version(incoming_.header)) return on_other_version(decoded.error().message);
      const auto line =
          repeated_.count(0, fmt::format("dropped a malformed message of the coordinator: {}",
                                         decoded.error().message));
      if (line) write_log(Severity::warning, *line);
      return;
    }
    handle(MessageReceived{incoming_});
  }

  /// Before a Welcome, such a message can only refuse this worker.
  bool is_other_version(const Header& header) const {
    return header.protocol != kProtocolVersion && !session_->welcomed();
  }

  void on_other_version(const std::string& text) {
    incoming_.header = Header{};
    incoming_.body = Reject{RejectReason::protocol_version, text};
    handle(MessageReceived{incoming_});
  }

  void on_alarm() {
    if (!session_) {
      seek_access();
      return;
    }
    is_deadline_due_ = true;  // messages in the inbox come first
    socket_->drain();
  }

  void await_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      if (is_terminating_) ::_exit(kExitDone);
      is_terminating_ = true;
      await_signal();
      if (!session_) {
        end(kExitDone, "terminated before it had joined");
        return;
      }
      handle(TerminateRequested{options_.drain});
      end_turn();
    });
  }

  /// The inbox is empty or its budget is spent. Attempts that have ended by now belong to this
  /// turn.
  void end_turn() {
    if (status_) return;
    take_ended();
    take_progress();
    handle(TurnEnded{});
    if (status_) return;
    outlive_parent_if_joined();
    alarm_.set(session_->next_deadline());
  }

  /// Only the sessions that have joined are in the journal, so no other coordinator knows a worker
  /// that has not.
  void outlive_parent_if_joined() {
    if (!options_.outlive_parent || outlives_parent_ || !session_->welcomed()) return;
    outlives_parent_ = true;
    outlive_parent();
  }

  /// Each executor comes after the last outcomes of any: these may have started attempts of it, for
  /// which it sets its timers.
  void take_ended() {
    bool has_ended = true;
    while (std::exchange(has_ended, false)) {
      executors_.for_each([&](Executor& executor) {
        while (executor.take_ended(os::now(), ended_)) {
          has_ended = true;
          handle(AttemptsEnded{ended_});
        }
      });
    }
  }

  void take_progress() {
    progress_.clear();
    executors_.for_each([&](Executor& executor) { executor.take_progress(progress_); });
    if (!progress_.empty()) handle(OutputRead{progress_});
  }

  // Actions.

  void handle(const Event& event) {
    if (status_) return;
    session_->step(os::now(), event, actions_);
    if (is_performing_) return;
    is_performing_ = true;
    // An action may cause another event, whose actions are appended to this list.
    for (std::size_t i = 0; i < actions_.size() && !status_; ++i) {
      Action action = std::move(actions_[i]);
      std::visit([this](auto& a) { perform(a); }, action);
    }
    actions_.clear();
    is_performing_ = false;
  }

  void perform(const Send& send) {
    const bool is_hello = std::holds_alternative<Hello>(send.message->body);
    if (is_hello && follow_access()) {
      handle(Reconnected{});
      return;
    }
    if (const auto* goodbye = std::get_if<Goodbye>(&send.message->body)) {
      const os::Usage used = os::usage();
      Goodbye filled = *goodbye;
      filled.cpu_seconds = used.cpu_seconds;
      filled.peak_rss_bytes = used.peak_rss_bytes;
      codec_.encode(WorkerMessage{send.message->header, filled}, bytes_);
    } else {
      codec_.encode(*send.message, bytes_);
    }
    if (!send_bytes()) connect_again(is_hello);
  }

  bool send_bytes() { return socket_->send(ConnectionId{}, bytes_) == net::Sent::queued; }

  /// The socket has given up because the coordinator refused its handshake. Only a new socket tries
  /// again.
  void connect_again(bool is_hello) {
    const Access access = access_;
    if (!connect(access)) return;
    if (!is_hello) {
      handle(Reconnected{});
    } else if (!send_bytes()) {
      write_log(Severity::debug, "cannot send Hello");
    }
  }

  void perform(const Prepare& terms) {
    const Result<void> prepared = executors_.of(terms.kind).prepare(terms);
    if (!prepared) end(kExitNoCoordinator, prepared.error().message);
  }
  void perform(StartAttempts& start) {
    Executor& executor = executors_.of(start.job->kind);
    executor.start(os::now(), std::move(start));
  }
  void perform(const CancelAttempts& cancel) {
    executors_.for_each([&](Executor& e) { e.cancel(os::now(), cancel.assignments_through); });
    take_ended();
  }
  void perform(const CancelListed& cancel) {
    const AttemptSet attempts = set_of(cancel.attempts);
    executors_.for_each([&](Executor& e) { e.cancel_listed(os::now(), attempts); });
    take_ended();
  }
  void perform(const ReturnWaiting& waiting) {
    executors_.for_each([&](Executor& e) { e.return_waiting(waiting.assignments_through); });
    take_ended();
  }
  void perform(const DropAttempts&) {
    executors_.for_each([](Executor& e) { e.drop(); });
  }
  void perform(const ListRunning&) {
    HeldColumns running;
    executors_.for_each([&](Executor& e) {
      HeldColumns listed;
      e.list(listed);
      append(running, listed);
    });
    handle(RunningListed{running});
  }
  void perform(const SendOutput& send) {
    Output output;
    for (const OutputPart& part : send.parts) {
      bool is_copied = false;
      executors_.for_each(
          [&](Executor& e) { is_copied = is_copied || e.copy_output(part, output.bytes); });
      if (!is_copied) continue;
      output.task.push_back(part.task);
      output.attempt.push_back(part.attempt);
      output.stream.push_back(part.stream);
      output.offset.push_back(part.offset);
      output.size.push_back(static_cast<std::uint32_t>(part.size));
    }
    if (output.rows() == 0) return;
    codec_.encode(WorkerMessage{send.header, std::move(output)}, bytes_);
    if (!send_bytes()) connect_again(/*is_hello=*/false);
  }
  void perform(const ForgetOutput& forget) {
    for (const ForgottenOutput& each : forget.streams) {
      executors_.for_each([&](Executor& e) { e.forget_output(each); });
    }
  }
  void perform(const ReleaseOutcomes& release) {
    executors_.for_each([&](Executor& e) { e.release(release.attempts); });
    take_ended();
  }
  void perform(const StartOver&) { handle(new_session()); }
  void perform(const Log& log) { write_log(log.severity, log.text); }
  void perform(const Exit& exit) { end(exit.status, exit.reason); }

  void end(int status, const std::string& reason) {
    status_ = status;
    LogLine line(reason);
    if (status == kExitNoCoordinator && socket_) reachability_.explain(line, access_.endpoint);
    write_log(status == kExitDone ? Severity::info : Severity::error, line);
    // Without a coordinator no message can be delivered, so there is nothing to wait for.
    if (socket_) socket_->close(status == kExitDone ? limits::linger : Duration::zero());
    loop_.stop();
  }

  WorkerOptions options_;
  os::DescriptorLimit descriptors_;
  AccessSource source_;
  Access access_;
  Instant started_;
  bool is_seeking_ = false;
  bool is_terminating_ = false;
  bool outlives_parent_ = false;

  net::Context context_;
  boost::asio::io_context loop_{1};
  boost::asio::signal_set signals_;
  Alarm alarm_;
  Reachability reachability_;
  Identity identity_;
  ExecutorTable executors_;
  std::unique_ptr<net::Socket> socket_;
  std::unique_ptr<net::HttpHealth> health_;  ///< null without --http

  std::optional<Session> session_;
  WireCodec codec_;
  CoordinatorMessage incoming_;           ///< reused
  OutcomeColumns ended_;                  ///< reused
  std::vector<OutputProgress> progress_;  ///< reused
  std::string bytes_;                     ///< reused
  Actions actions_;
  bool is_performing_ = false;
  bool is_deadline_due_ = false;
  RepeatedLines repeated_{limits::repeated_lines};
  std::optional<int> status_;  ///< set when the worker ends
};

Worker::Worker(const WorkerOptions& options, const os::DescriptorLimit& descriptors)
    : loop_(std::make_unique<Loop>(options, descriptors)) {}
Worker::~Worker() = default;

int Worker::run() {
  return loop_->run();
}

}  // namespace rollcall::worker
