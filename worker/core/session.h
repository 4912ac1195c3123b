// The rules of a worker's session: whom to obey, what to start, what to tell and when to end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/rng.h"
#include "common/limits.h"
#include "common/messages/message.h"
#include "common/model/rate_meter.h"
#include "common/model/time.h"
#include "worker/core/backlog.h"
#include "worker/core/deadlines.h"
#include "worker/core/event.h"
#include "worker/core/outbox.h"
#include "worker/core/terms.h"

namespace rollcall::worker {

/// The one machine of a worker. It says Hello until it is welcomed, gives its inventory, takes
/// assignments in order, keeps as many attempts running as there are slots, and keeps every
/// report until it is acknowledged. When the coordinator has given it up, it starts over as a new
/// session; when it hears nothing for too long, it ends.
///
/// Pure: it reads no clock and does nothing itself. One owner, one thread; `now` never goes back.
class Session {
 public:
  /// `connect_timeout`: how long to say Hello before the first Welcome. `idle_timeout`: leave when
  /// nothing was held for so long; nullopt: stay.
  explicit Session(Identity identity, Duration connect_timeout = limits::connect_timeout,
                   std::optional<Duration> idle_timeout = std::nullopt);

  /// Takes one event in and appends what is to be done. After Exit, events change nothing.
  void step(Instant now, const Event& event, Actions& out);
  /// When DeadlineReached is to be told, at the latest.
  std::optional<Instant> next_deadline() const;
  /// CHECKs what must hold between any two steps.
  void check_invariants() const;

  std::size_t running() const { return running_; }
  std::size_t waiting() const { return backlog_.size(); }
  bool welcomed() const { return phase_ == Phase::working; }
  bool over() const { return phase_ == Phase::over; }
  SessionId id() const { return session_; }
  const Identity& identity() const { return identity_; }
  const Dropped& dropped() const { return dropped_; }

 private:
  enum class Phase : std::uint8_t {
    waiting,    ///< for a secret
    handshake,  ///< Hello was said; nothing is obeyed before its Welcome
    working,    ///< welcomed, and the inventory is given
    over,       ///< Exit was asked for
  };

  // In session.cc: what happened.
  void on(const Begun& event);
  void on(const Reconnected& event);
  void on(const MessageReceived& event);
  void on(const AttemptsEnded& event);
  void on(const TurnEnded& event);
  void on(const DeadlineReached& event);
  void on(const TerminateRequested& event);
  void on(const RunningListed& event);
  // In session_messages.cc: what the coordinator said.
  void take(const Welcome& welcome);
  void take(const Assignment& assignment);
  void take(const Ack& ack);
  void take(const Cancel& cancel);
  void take(const Drain& drain);
  void take(const Revoke& revoke);
  void take(const Reject& reject);
  void take(const Shutdown& shutdown);
  bool is_for_us(const CoordinatorMessage& message);
  void join(const Header& header, const Welcome& terms);

  Inventory inventory() const;
  void go_on();
  void start_handshake();
  void say_hello();
  void send(WorkerBody body);
  void send_heartbeat();
  void send_goodbye();
  void cut_reports(Outbox::Cut how);
  bool may_wait_for_more();
  void resend_reports();
  void start_waiting_attempts();
  // In session_leaving.cc: how it returns and goes.
  void leave_at_once();
  void leave_when_done();
  void return_waiting(std::uint64_t assignments_through, std::uint64_t keep);
  void watch_idleness();
  void leave_if_done();
  void drop_attempts();
  void forget_run();
  void start_over();
  void exit(int status, std::string reason);
  void log(Severity severity, std::string text);
  void heard();
  void compensate_own_stall();
  Duration resend_after() const { return limits::resend_intervals * terms_.heartbeat_interval; }
  Header header() const { return {kProtocolVersion, run_, epoch_, session_}; }
  TimeEcho echo() const;

  // Of the step that is being taken.
  Instant now_{};
  Actions* out_ = nullptr;

  // Of the process.
  Identity identity_;
  Duration connect_timeout_;
  std::optional<Duration> idle_timeout_;
  Phase phase_ = Phase::waiting;
  bool is_leaving_ = false;      ///< has said Goodbye, and only waits for its last reports
  bool ends_by_itself_ = false;  ///< drains because its user said so, whatever the run
  bool was_welcomed_ = false;
  Dropped dropped_;

  // Of this life.
  Rng rng_{0};
  SessionSecret secret_;
  SessionId session_;
  RunId run_;                 ///< empty before the first Welcome
  Epoch epoch_ = 0;           ///< 0 before the first Welcome
  bool is_draining_ = false;  ///< starts nothing new
  Backlog backlog_;
  Outbox outbox_;
  RateMeter ended_{limits::busy_outcomes, limits::busy_window};
  std::size_t running_ = 0;
  std::uint64_t started_count_ = 0;
  std::uint64_t assignments_received_ = 0;
  std::uint64_t cancelled_through_ = 0;  ///< in this epoch
  Revoke revoked_;                       ///< the furthest, in this epoch
  std::uint32_t inventories_ = 0;        ///< lists given so far
  bool is_news_ = false;  ///< started or received something that no message has told yet
  Terms terms_;           ///< of the last Welcome

  // The present connection.
  std::uint64_t nonce_ = 0;
  Duration hello_retry_{};
  TimeEcho echo_;  ///< worker_sent is filled in when it leaves
  Deadlines deadlines_;
};

}  // namespace rollcall::worker
