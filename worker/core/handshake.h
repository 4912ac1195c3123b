// How a session makes itself known to a coordinator, and which messages it then accepts.
#pragma once

#include <cstdint>

#include "common/base/rng.h"
#include "common/messages/message.h"
#include "common/model/ids.h"
#include "common/model/time.h"
#include "worker/core/event.h"

namespace rollcall::worker {

/// Owns the names of a session: its secret and id, and the run and epoch that it has joined.
///
/// A round starts with a Hello under a fresh nonce. The Hello is repeated, less and less often,
/// until the Welcome with this nonce arrives. Until then no other message is accepted: the queues
/// of ZeroMQ survive a reconnect and deliver messages that were meant for an earlier connection.
///
/// Pure; one owner, one thread; `now` never goes back.
class Handshake {
 public:
  /// Whether a message is to be obeyed, or why it is not.
  enum class Verdict : std::uint8_t {
    accepted,
    unassigned,       ///< it names another run, epoch or session
    not_handshaking,  ///< it is not the Welcome that this round waits for
    old_welcome,      ///< it answers the Hello of an earlier round
  };

  /// Begins a session. Its first round starts with start().
  void begin(const SessionSecret& secret, std::uint64_t seed);
  /// Ends the session and its membership in the run.
  void end();

  /// Starts a round: replies to earlier Hellos are ignored from now on.
  void start();
  /// The Hello of this round, to be sent now; due() is when to send it again.
  WorkerMessage hello(Instant now, const Identity& identity);
  Verdict judge(const CoordinatorMessage& message) const;
  /// Ends the round. `welcome`: the header of the accepted Welcome.
  void join(const Header& welcome);
  /// Leaves the run without a message; the session goes on.
  void forget_run();

  bool has_session() const { return state_ != State::no_session; }
  bool has_joined() const { return state_ == State::joined; }
  /// It has joined a run, even if it now handshakes again.
  bool has_run() const { return !run_.empty(); }
  /// When to send the Hello again; kNever outside a round.
  Instant due() const { return due_; }
  SessionId session() const { return session_; }
  RunId run() const { return run_; }      ///< empty before the first Welcome
  Epoch epoch() const { return epoch_; }  ///< 0 before the first Welcome
  std::uint64_t nonce() const { return nonce_; }
  /// The header of all messages but Hello.
  Header header() const { return {kProtocolVersion, run_, epoch_, session_}; }
  void check_invariants() const;

 private:
  enum class State : std::uint8_t { no_session, handshaking, joined };

  State state_ = State::no_session;
  Rng rng_{0};
  SessionSecret secret_;
  SessionId session_;
  RunId run_;
  Epoch epoch_ = 0;
  std::uint64_t nonce_ = 0;
  Duration retry_after_{};
  Instant due_ = kNever;
};

}  // namespace rollcall::worker
