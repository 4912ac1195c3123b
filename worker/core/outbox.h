// Outcomes on their way to the coordinator: waiting for a Report, or in an unacknowledged Report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "common/messages/message.h"
#include "worker/core/attempt_set.h"
#include "worker/core/event.h"
#include "worker/core/output_sender.h"

namespace rollcall::worker {

/// Numbers reports and stores each until it is acknowledged. Pure; one owner, one thread.
class Outbox {
 public:
  /// The other contents of a Report.
  struct Stamp {
    Header header;
    std::uint64_t assignments_received = 0;
    std::uint64_t started_count = 0;
    bool draining = false;
    std::uint64_t window_received = 0;
  };
  enum class Cut {
    full_only,       ///< only reports that are full, within limits::reports_in_flight
    all,             ///< all waiting outcomes, within limits::reports_in_flight
    without_window,  ///< all waiting outcomes, in any number of reports: at the end
  };

  /// The outcomes that wait; new ones are appended here.
  OutcomeColumns& waiting() { return waiting_; }
  /// Makes reports of waiting outcomes and appends a Send for each.
  void cut(Cut how, const Stamp& stamp, Actions& out);
  /// Appends a Send for each unacknowledged report, in order.
  void resend(const Header& header, Actions& out);
  /// Drops the reports up to this number. Returns false if there was none.
  bool acknowledge(std::uint64_t reports_committed);
  void clear();

  /// The attempts of all outcomes that are not acknowledged: those that were returned, and all
  /// others. Of the others, `cancelled` has those that may have been cancelled before they started.
  void list(AttemptSet& returned, AttemptSet& cancelled, HeldColumns& others) const;

  /// Adds the streams of these attempts of which bytes were sent before their outcome.
  void list_output(DurableOutput& out) const;

  /// Too many outcomes wait: no attempt should be started.
  bool full() const;
  /// No outcome waits, and all reports are acknowledged.
  bool empty() const { return waiting_.size() == 0 && unacknowledged_.empty(); }
  bool all_acknowledged() const { return unacknowledged_.empty(); }
  std::uint64_t reports_sent() const { return reports_sent_; }
  std::uint64_t outcomes_sent() const { return outcomes_sent_; }
  void check_invariants() const;

 private:
  OutcomeColumns take_front(std::size_t begin, std::size_t count);
  template <class Visit>
  void for_each(const Visit& visit) const;

  OutcomeColumns waiting_;
  std::deque<std::shared_ptr<const WorkerMessage>> unacknowledged_;
  std::uint64_t reports_sent_ = 0;   ///< the number of the last report
  std::uint64_t outcomes_sent_ = 0;  ///< in all reports
};

}  // namespace rollcall::worker
