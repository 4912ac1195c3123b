// The output that travels while commands run: what is taken of it, and how much more may come.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/messages/message.h"
#include "common/model/ids.h"
#include "common/model/task.h"
#include "common/model/time.h"
#include "coordinator/core/model/policy.h"
#include "coordinator/core/output/output_ledger.h"
#include "coordinator/core/output/output_rows.h"
#include "coordinator/core/output/output_windows.h"

namespace rollcall::coordinator {

/// Composed of the ledger and the windows of all sessions. Knows the attempts of which something is
/// kept in the spool and whose outcome is not known: the owner takes each of them out with
/// accepted() or drop(). Without Policy::takes_output no session has a window.
///
/// Pure; one owner, one thread; `now` never goes back. Attempts have their numbers on the wire.
class OutputIntake {
 public:
  /// Whether its session holds the attempt.
  using IsHeld = std::function<bool(const SessionAttempt& attempt)>;
  /// An OutputAck, or an Ack that only has a window.
  struct Answer {
    SessionIndex session{};
    std::optional<OutputAck> ack;
    OutputWindow window;  ///< the same as in `ack`
  };

  explicit OutputIntake(const Policy& policy)
      : is_used_(policy.takes_output),
        is_kept_(policy.keeps_output),
        ledger_(/*taken_is_durable=*/!policy.journal || !policy.keeps_output) {}

  // Sessions.

  /// The next session, by index.
  void add_session(bool is_live = true);
  /// The session is sent its Welcome, which has the result. `takes_output`: it has feature 1.
  OutputWindow joined(Instant now, SessionIndex session, bool takes_output);
  /// What is kept of its attempts is for the owner to drop.
  void session_ended(SessionIndex session);
  /// A Heartbeat or Report of the session.
  void window_received(SessionIndex session, std::uint64_t number) {
    windows_.received(session, number);
  }
  /// For an Ack that is sent now.
  OutputWindow window(Instant now, SessionIndex session);

  // Bytes.

  /// Returns which rows are taken.
  std::vector<bool> receive(Instant now, SessionIndex session, const Output& output,
                            const IsHeld& is_held);
  /// More bytes are durable. Attempts that are not wanted any more are ignored.
  void written(const SessionAttempt& attempt, OutputStream stream, std::uint64_t bytes);
  /// How many more bytes the spool takes, as of now.
  void set_room(const OutputRoom& room);
  const OutputRoom& room() const { return room_; }
  /// Acks that are due, in order, as long as there are any. To be called at the end of each turn.
  std::optional<Answer> take_answer(Instant now);

  // Attempts of earlier epochs.

  /// The spool has this.
  void found(const FoundOutput& output) { found_[output.attempt] = output.bytes; }
  /// The session has listed this stream of an attempt, of which `durable` bytes are durable as far
  /// as it knows. Returns where the spool is to be cut; nullopt: bytes are lost, and the attempt is
  /// not wanted.
  std::optional<std::uint64_t> resume(const SessionAttempt& attempt, OutputStream stream,
                                      std::uint64_t durable);
  /// Recovery is over. Returns the attempts that go on.
  std::vector<SessionAttempt> end_recovery();

  // Outcomes.

  /// Why these outcomes cannot be true; empty: they can.
  std::string contradiction(SessionIndex session, const OutcomeColumns& outcomes) const;
  /// The outcomes of which output is missing, by their place: they do not count.
  std::vector<std::uint32_t> incomplete(SessionIndex session, const OutcomeColumns& outcomes) const;
  /// Some attempt of the session has output that came before its outcome, or is printed early.
  bool knows(SessionIndex session) const;
  /// Whether the outcome has output that came before it, or its attempt must be forgotten.
  bool concerns(SessionIndex session, const OutcomeColumns& outcomes, std::size_t i) const;
  /// The outcome of the attempt has ended its task: from now on its output is the printer's.
  void accepted(const SessionAttempt& attempt);
  /// The outcome does not count, or will never come. A worker that still runs the attempt is
  /// notified. Returns whether something was kept.
  bool drop(const SessionAttempt& attempt, bool still_runs);
  /// Something of the attempt is kept.
  bool keeps(const SessionAttempt& attempt) const { return kept_.contains(attempt); }
  /// The kept attempts that `is_lost` selects.
  std::vector<SessionAttempt> kept(
      const std::function<bool(const SessionAttempt& attempt)>& is_lost) const;

  // The attempt that is printed before it has ended.

  const std::optional<SessionAttempt>& early() const { return early_; }
  void print_early(const SessionAttempt& attempt);
  /// The attempt of which most is kept; nullopt: of none.
  std::optional<SessionAttempt> largest() const;

  void check_invariants() const { ledger_.check_invariants(), windows_.check_invariants(); }

 private:
  OutputVerdict verdict(SessionIndex session, const OutcomeColumns& outcomes, std::size_t i) const;
  void forget(const SessionAttempt& attempt);

  bool is_used_;
  bool is_kept_;
  OutputLedger ledger_;
  OutputWindows windows_;
  OutputRoom room_;
  std::set<SessionAttempt> kept_;
  /// Until recovery is over.
  std::map<SessionAttempt, std::array<std::uint64_t, kOutputStreams.size()>> found_;
  std::optional<SessionAttempt> early_;
  std::vector<bool> has_feature_;  ///< by session
  std::vector<SessionIndex> due_;  ///< sessions with a new window, the last one first
};

}  // namespace rollcall::coordinator
