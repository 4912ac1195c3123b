// Outcomes on their way: waiting for a Report, or in a Report that is not acknowledged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "common/messages/message.h"
#include "worker/core/backlog.h"
#include "worker/core/event.h"

namespace rollcall::worker {

/// Numbers reports and keeps each until it is acknowledged. Pure; one owner, one thread.
class Outbox {
 public:
  /// What a Report says beside its outcomes.
  struct Stamp {
    Header header;
    std::uint64_t assignments_received = 0;
    std::uint64_t started_count = 0;
    bool draining = false;
  };
  enum class Cut {
    full_only,       ///< only reports that are full, within limits::reports_in_flight
    all,             ///< all that waits, within limits::reports_in_flight
    without_window,  ///< all that waits, however many reports that makes: at the end
  };

  /// Where new outcomes are put to wait.
  OutcomeColumns& waiting() { return waiting_; }
  /// Makes reports of what waits and appends a Send for each.
  void cut(Cut how, const Stamp& stamp, Actions& out);
  /// Appends a Send for each unacknowledged report, in order.
  void resend(const Header& header, Actions& out);
  /// Forgets reports up to this number. False, and nothing happens, if none was waiting for it.
  bool acknowledge(std::uint64_t reports_committed);
  void clear();

  /// The attempts of all outcomes that are not acknowledged: those that were returned, and the
  /// others.
  void list(Backlog::AttemptSet& returned, HeldColumns& others) const;

  /// No room: nothing new should be started.
  bool full() const;
  /// Nothing waits and everything is acknowledged.
  bool empty() const { return waiting_.size() == 0 && unacknowledged_.empty(); }
  bool all_acknowledged() const { return unacknowledged_.empty(); }
  std::uint64_t reports_sent() const { return reports_sent_; }
  std::uint64_t outcomes_sent() const { return outcomes_sent_; }
  void check_invariants() const;

 private:
  OutcomeColumns take_front(std::size_t begin, std::size_t count);

  OutcomeColumns waiting_;
  std::deque<std::shared_ptr<const WorkerMessage>> unacknowledged_;
  std::uint64_t reports_sent_ = 0;   ///< the number of the last report
  std::uint64_t outcomes_sent_ = 0;  ///< in all reports together
};

}  // namespace rollcall::worker
