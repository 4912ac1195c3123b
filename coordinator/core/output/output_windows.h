// How much output each session may send before more of it is taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "common/model/ids.h"
#include "common/model/time.h"
#include "coordinator/core/model/limits.h"
#include "coordinator/core/output/output_rows.h"

namespace rollcall::coordinator {

/// The window of a session, which is sent as an OutputWindow in a Welcome, Ack or OutputAck.
struct SessionWindow {
  std::uint64_t bytes = 0;   ///< cost of the rows that may be sent and not taken
  std::uint64_t number = 0;  ///< grows with each change in the session and epoch
  /// If present, the window is for the output of this attempt only.
  std::optional<SessionAttempt> only;
};

/// How fast a session sends. A value; `now` never goes back.
class SendRate {
 public:
  void count(Instant now, std::uint64_t cost);
  /// The most cost within limits::output_interval, in the last limits::output_memory or a little
  /// longer.
  std::uint64_t most(Instant now) const;

 private:
  Instant interval_;  ///< `here_` counts from here
  std::uint64_t here_ = 0;
  Instant period_;  ///< `most_` is from here on, `most_before_` is from the period before
  std::uint64_t most_ = 0;
  std::uint64_t most_before_ = 0;
};

/// Shares limits::output_in_flight, and the room for bytes, among the live sessions.
///
/// A session's used part is the cost of the rows that it may yet send and that would be taken,
/// whichever of the windows sent to it has arrived. The sum of all used parts stays at most the
/// limit. Rows that were sent, lost with a connection and are sent again come beyond it, once the
/// window of that time was replaced.
///
/// A window is set when a message takes it to its session, so each message costs constant time. A
/// session takes at most half of what is free, so n busy sessions have about 1/(n+1) of the limit
/// each. Sessions without a window wait in a queue. While it is not empty, a session gives up a
/// window that is older than limits::output_turn, so that every session gets one.
///
/// Pure; one owner, one thread; `now` never goes back. A cost is that of rows: their bytes, and
/// limits::output_row_cost each.
class OutputWindows {
 public:
  explicit OutputWindows(std::uint64_t limit = limits::output_in_flight) : limit_(limit) {}

  /// The next session, by index. It has no window before it has joined.
  void add_session();
  /// The session is sent its Welcome now. May be called again, but not after it has ended.
  void session_joined(Instant now, SessionIndex session);
  /// It sends nothing more. May be called again.
  void session_ended(SessionIndex session);

  /// Rows of this cost were taken.
  void arrived(Instant now, SessionIndex session, std::uint64_t cost);
  /// A Heartbeat or Report of the session states the newest window that it knows. Other numbers
  /// have no effect.
  void received(SessionIndex session, std::uint64_t window_received);
  /// The output of this attempt is printed as it arrives: without room, it may send `most` more
  /// bytes all the same. nullopt: of none.
  void prefer(std::optional<SessionAttempt> attempt, std::uint64_t most) {
    preferred_ = attempt;
    preferred_bytes_ = most;
  }

  /// The window of the message that is sent now. The message also answers rows of the cost
  /// `answered`; requires that the same cost has arrived. `room`: how many more bytes the spool
  /// takes.
  SessionWindow renew(Instant now, SessionIndex session, std::uint64_t room,
                      std::uint64_t answered = 0);
  /// Sessions that get a window now and had none, or the wrong one. Each is to be sent an Ack, with
  /// the result of renew(). To be called at the end of each turn.
  std::vector<SessionIndex> take_due(Instant now, std::uint64_t room);

  /// The last result of renew().
  const SessionWindow& window(SessionIndex session) const {
    return sessions_[index(session)].window;
  }
  std::uint64_t used() const { return used_; }
  std::uint64_t used(SessionIndex session) const { return used(sessions_[index(session)]); }
  /// Live sessions without a window.
  std::size_t waiting() const { return waiting_; }

  void check_invariants() const;

 private:
  /// Costs of one session, counted from its first row.
  struct Sent {
    std::uint64_t number = 0;  ///< of a window
    std::uint64_t bound = 0;   ///< what its worker may have sent when it knows no newer window
  };
  struct Session {
    SessionWindow window;
    std::uint64_t arrived = 0;
    std::uint64_t answered = 0;
    std::deque<Sent> sent;  ///< the window last received and later ones; bounds decrease
    SendRate rate;
    Instant since;             ///< when its window began
    std::uint64_t ticket = 0;  ///< its place in queue_; 0: it does not wait
    bool is_live = false;
  };
  struct Waiting {
    SessionIndex session{};
    std::uint64_t ticket = 0;
  };

  static std::uint64_t used(const Session& session);
  bool is_preferred(SessionIndex session) const {
    return preferred_ && preferred_->session == session;
  }
  SessionWindow next_window(Instant now, SessionIndex session, std::uint64_t room) const;
  SessionWindow preferred_window(Instant now, SessionIndex session, std::uint64_t room) const;
  std::uint64_t share(Instant now, SessionIndex session, std::uint64_t available) const;
  std::uint64_t part(Instant now, SessionIndex session, std::uint64_t available) const;
  bool has_changed(const SessionWindow& window, SessionIndex session) const;
  static void note_sent(Session& session);
  void update_queue(Instant now, SessionIndex session);
  std::optional<SessionIndex> first_waiting();

  std::uint64_t limit_;
  std::optional<SessionAttempt> preferred_;
  std::uint64_t preferred_bytes_ = 0;
  std::vector<Session> sessions_;
  std::uint64_t used_ = 0;
  std::deque<Waiting> queue_;  ///< entries without the session's ticket do not count
  std::uint64_t tickets_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace rollcall::coordinator
