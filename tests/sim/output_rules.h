// Checks what the coordinator does with output in chunks, and keeps it in a spool.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "coordinator/core/event.h"
#include "coordinator/core/scheduler.h"
#include "tests/sim/spool.h"
#include "tests/sim/world.h"

namespace rollcall::sim {

/// Rows are taken once, in order, and only of attempts that their sessions hold. An outcome is
/// accepted only with all that its attempt has written, and with a journal only if that is durable.
/// No worker forgets a byte that is not durable. What was printed early is never given up while the
/// run goes on. No session waits for a window for which there is room. Only for runs that take
/// output; for others it does nothing. One thread.
class OutputRules {
 public:
  OutputRules(World& world, Spool::Handlers handlers)
      : world_(world), spool_(world, std::move(handlers)) {}

  coordinator::OutputRoom room() const {
    return is_used() ? spool_.room() : coordinator::OutputRoom{};
  }
  /// OutputStuck was asked for, in this epoch or before.
  bool was_stuck() const { return was_stuck_; }

  /// Call before the scheduler takes the event.
  void before(const coordinator::Scheduler& scheduler, const coordinator::Event& event);
  /// Call after that, with the actions.
  void after(const coordinator::Scheduler& scheduler, const coordinator::Event& event,
             const coordinator::Actions& actions);

  // Only with a journal.

  /// Records that were printed, or more.
  std::uint64_t printed() {
    const bool is_known = is_used() && world_.plan.policy.journal;
    return is_known ? spool_.printed() : coordinator::TurnEnded().printed;
  }
  /// The commit is about to be written.
  void note_commit(const coordinator::WriteCommit& commit);
  void crash();
  /// The next epoch begins with these records, of which so many were printed.
  void reopen(const coordinator::RunRecords& records, std::uint64_t printed, Epoch epoch);
  std::vector<coordinator::FoundOutput> found() const { return spool_.found(); }

 private:
  /// A window that a session was sent.
  struct Sent {
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
  };

  bool is_used() const { return world_.plan.policy.takes_output; }
  void judge(const coordinator::RunRecords& records, const SessionId& session,
             const OutcomeColumns& outcomes);
  void accepted(const Spool::Holder& holder, const SessionId& session, std::size_t record,
                const CommandResult& result);
  void perform(const coordinator::RunRecords& records, const coordinator::Event& event,
               const coordinator::Action& action);
  void take(const coordinator::RunRecords& records, const Output& output,
            const coordinator::TakeOutput& taken);
  void drop(const coordinator::DropOutput& dropped);
  void print_early(const coordinator::PrintEarly& early);
  void stuck(const coordinator::Event& event);
  void cut(const coordinator::RunRecords& records, const coordinator::CutOutput& cut);
  void keep(const coordinator::RunRecords& records, const std::vector<Spool::Holder>& attempts);
  void told(const coordinator::RunRecords& records, const CoordinatorMessage& message);
  void answered(const coordinator::RunRecords& records, const SessionId& session,
                const OutputAck& ack) const;
  void note_window(const SessionId& session, const OutputWindow& window);
  void received(const SessionId& session, std::uint64_t number);
  void check_windows(const coordinator::Scheduler& scheduler,
                     const coordinator::OutputRoom& room) const;
  void advance(const coordinator::RunRecords& records);

  World& world_;
  Spool spool_;
  std::size_t accepted_before_ = 0;  ///< records, before the event at hand
  bool is_stuck_ = false;            ///< in this epoch
  bool was_stuck_ = false;
  bool is_finishing_ = false;
  bool was_room_stuck_ = false;  ///< when the last turn ended
  std::set<Spool::Holder> dropped_;
  std::uint32_t first_unended_ = 0;
  /// By session that takes part: the window last received and later ones.
  std::map<SessionId, std::deque<Sent>> windows_;
  /// Commits that are not durable, and the records that were printed before.
  std::deque<std::pair<std::uint64_t, std::uint64_t>> commits_;
};

}  // namespace rollcall::sim
