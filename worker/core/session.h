// The rules of a worker: what it starts, what it reports, and when it ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/limits.h"
#include "common/messages/message.h"
#include "common/model/rate_meter.h"
#include "common/model/time.h"
#include "worker/core/event.h"
#include "worker/core/handshake.h"
#include "worker/core/held_attempts.h"
#include "worker/core/jobs.h"
#include "worker/core/kind_traits.h"
#include "worker/core/leaving.h"
#include "worker/core/outbox.h"
#include "worker/core/output_sender.h"
#include "worker/core/terms.h"

namespace rollcall::worker {

/// The state machine of a worker. It handshakes with the coordinator, takes assignments in order,
/// runs as many attempts as there are slots, and resends each report until it is acknowledged. When
/// the coordinator has given it up, it starts over as a new session; when it hears nothing for too
/// long, it does so too, and ends if that does not help.
///
/// The parts (Handshake, HeldAttempts, OutputSender, Outbox, Leaving) own their data and know
/// nothing of each other; the order of what happens in a step is here.
///
/// Pure: it reads no clock and does no I/O. One owner, one thread; `now` never goes back.
class Session {
 public:
  /// `connect_timeout`: how long to wait for the first Welcome. `idle_timeout`: as for Leaving.
  explicit Session(Identity identity, Duration connect_timeout = limits::connect_timeout,
                   std::optional<Duration> idle_timeout = std::nullopt);

  /// Handles one event and appends the actions that follow. After Exit, events change nothing.
  void step(Instant now, const Event& event, Actions& out);
  /// When DeadlineReached is due, at the latest; nullopt: not at all.
  std::optional<Instant> next_deadline() const;
  /// CHECKs what must hold between any two steps.
  void check_invariants() const;

  std::size_t running() const { return attempts_.running(); }
  std::size_t waiting() const { return attempts_.waiting(); }
  bool welcomed() const { return is_working(); }
  bool over() const { return is_over_; }
  SessionId id() const { return handshake_.session(); }
  const Identity& identity() const { return identity_; }
  const Dropped& dropped() const { return dropped_; }

 private:
  // Events.
  void on(const Begun& event);
  void on(const Reconnected& event);
  void on(const MessageReceived& event);
  void on(const AttemptsEnded& event);
  void on(const ExecutorFailed& event);
  void on(const TurnEnded& event);
  void on(const DeadlineReached& event);
  void on(const TerminateRequested& event);
  void on(const RunningListed& event);
  void on(const OutputRead& event);
  // Messages.
  void take(const Welcome& welcome);
  void take(const Assignment& assignment);
  void take(const Ack& ack);
  void take(const Cancel& cancel);
  void take(const Drain& drain);
  void take(const Revoke& revoke);
  void take(const Reject& reject);
  void take(const Shutdown& shutdown);
  void take(const OutputAck& ack);

  bool is_working() const { return !is_over_ && handshake_.has_joined(); }
  bool accepts(const CoordinatorMessage& message);
  void start_handshake();
  void say_hello();
  void join(const Header& header, const Welcome& terms);
  void set_terms(const Welcome& terms);
  bool can_keep_running(const Welcome& terms) const;
  bool take_jobs(const Assignment& assignment);
  Inventory inventory() const;
  void send_list(const HeldColumns& held, std::size_t begun);
  void resume_work();
  void start_attempts();
  void prepare_for(const StartAttempts& start);
  void return_waiting(std::uint64_t assignments_through);
  void send(WorkerBody body);
  void send_heartbeat();
  void send_goodbye();
  void cut_reports(Outbox::Cut how);
  void resend_reports();
  void send_output();
  bool may_wait_for_more();
  void leave_now();
  void leave_when_done(bool whatever_run);
  void leave_if_done();
  void drop_attempts();
  void forget_run();
  void start_over(std::string reason);
  void exit(int status, std::string reason);
  void log(Severity severity, std::string text);
  void heard();
  void end_silence();
  void compensate_own_stall();
  Duration resend_after() const { return limits::resend_intervals * terms_.heartbeat_interval; }
  TimeEcho echo() const;

  /// Each on its own; kNever: not due.
  struct Deadlines {
    Instant heartbeat = kNever;
    Instant report = kNever;   ///< of outcomes that wait for others
    Instant resend = kNever;   ///< of unacknowledged reports
    Instant silence = kNever;  ///< exit, if nothing was heard until then
  };

  // Of the current step.
  Instant now_{};
  Actions* out_ = nullptr;

  // Of the process.
  Identity identity_;
  Duration connect_timeout_;
  bool was_welcomed_ = false;
  bool is_rejoining_ = false;  ///< the coordinator was silent for Terms::silence_limit
  Instant heard_;              ///< when the coordinator was last heard, if was_welcomed_
  bool is_over_ = false;
  Dropped dropped_;

  // Of the session.
  Handshake handshake_;
  Jobs jobs_;
  KindTraits traits_;  ///< of jobs_
  KindSet prepared_;   ///< since it has joined
  HeldAttempts attempts_;
  OutputSender output_;
  Outbox outbox_;
  Leaving leaving_;
  std::uint32_t executor_failures_ = 0;  ///< since an attempt has ended
  RateMeter ended_{limits::busy_outcomes, limits::busy_window};
  std::uint32_t inventories_ = 0;  ///< listed so far
  Terms terms_;                    ///< of the last Welcome
  TimeEcho echo_;                  ///< worker_sent is set when it leaves
  Deadlines deadlines_;
};

}  // namespace rollcall::worker
