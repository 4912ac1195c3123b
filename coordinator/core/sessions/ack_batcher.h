// Which sessions are sent an Ack, and when.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/limits.h"
#include "common/model/ids.h"
#include "common/model/rate_meter.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

/// The acknowledgement of a session's reports up to this number.
struct DueAck {
  SessionIndex session{};
  std::uint64_t reports = 0;
};

/// Acknowledges only what is durable (rule 5). Each message costs, so under load an Ack waits up to
/// limits::ack_wait and covers several reports. Pure; one owner, one thread; `now` never goes back.
class AckBatcher {
 public:
  /// The next session, whose first `durable` reports are committed.
  void add_session(std::uint64_t durable = 0) { sessions_.push_back({durable}); }
  /// The session's reports that are durable.
  std::uint64_t durable(SessionIndex session) const { return sessions_[index(session)].durable; }

  /// The session is sent an Ack with the next take(), whether or not it has news.
  void acknowledge(SessionIndex session);
  /// Reports up to `number` are durable. If that is news, the session gets an Ack: with the next
  /// take() if it is urgent, few reports arrive, or this session waits for many; else within
  /// limits::ack_wait.
  void reports_durable(Instant now, SessionIndex session, std::uint64_t number, bool is_urgent);

  /// When take() is to be called at the latest; nullopt: no Ack waits for its time.
  std::optional<Instant> deadline() const;
  /// The acknowledgements to be sent now, each session once.
  std::vector<DueAck> take(Instant now);

  void check_invariants() const;

 private:
  struct SessionAcks {
    std::uint64_t durable = 0;
    std::uint64_t acknowledged = 0;
    bool is_due = false;   ///< in due_
    bool is_held = false;  ///< in held_
  };

  std::vector<SessionAcks> sessions_;
  std::vector<SessionIndex> due_;
  std::vector<SessionIndex> held_;
  Instant held_sent_;  ///< when held acknowledgements were last sent
  RateMeter reports_{limits::busy_reports, limits::ack_wait};
};

}  // namespace rollcall::coordinator
