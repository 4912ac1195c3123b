// Checks the coordinator's events and actions against the rules, independently of its code.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "coordinator/core/event.h"
#include "coordinator/core/scheduler.h"
#include "tests/sim/command_rules.h"
#include "tests/sim/control_rules.h"
#include "tests/sim/output_rules.h"
#include "tests/sim/world.h"

namespace rollcall::sim {

/// Checks rules that are visible from outside: no work before the Inventory that answers the last
/// Hello, no session lost while it is heard, each result published once and unchanged. One thread.
class Observer {
 public:
  Observer(World& world, const coordinator::Scheduler& scheduler, Spool::Handlers spool)
      : world_(world),
        scheduler_(&scheduler),
        commands_(world),
        control_(world),
        output_(world, std::move(spool)) {}

  OutputRules& output() { return output_; }

  /// The commit has reached the disk and may be published.
  void committed(const coordinator::Commit& commit);
  /// The number of committed reports of the session.
  std::uint64_t reports_committed(const SessionId& session) const;
  std::size_t records_committed() const { return records_committed_; }
  /// The coordinator died, or has left the run unfinished; these commits had reached the disk.
  void crashed(const coordinator::RunRecords& committed, bool is_suspended);
  /// The scheduler of the next epoch.
  void watch(const coordinator::Scheduler& scheduler) { scheduler_ = &scheduler; }

  /// A message is in the inbox.
  void arrived(ConnectionId from, const WorkerMessage& message);
  /// Call before the scheduler takes the message.
  void taken(ConnectionId from, const WorkerMessage& message);
  void before(const coordinator::Event& event) {
    commands_.before(*scheduler_, event);
    control_.before(*scheduler_, event);
    output_.before(*scheduler_, event);
    is_asked_to_stop_ |= std::holds_alternative<coordinator::StopRequested>(event);
  }
  /// It was given this, and has asked for these.
  void after(const coordinator::Event& event, const coordinator::Actions& actions) {
    const bool keeps = world_.plan.policy.journal;
    const std::size_t accepted = scheduler_->records().accepted();
    commands_.after(*scheduler_, event, actions, keeps ? records_committed_ : accepted);
    control_.after(*scheduler_, actions);
    output_.after(*scheduler_, event, actions);
  }
  void done(const coordinator::Action& action);
  /// The run has ended: checks all records.
  void check_end() const;

 private:
  struct Seen {
    ConnectionId connection{};
    std::uint64_t nonce = 0;
    bool inventory = false;
    Instant heard;
  };
  struct Published {
    TaskId task{};
    Outcome outcome{};
    Instant started;
    Duration elapsed{};
  };

  void finished();
  void joined(const SessionId& session);
  void lost(const SessionId& session) const;
  void begun(const coordinator::PublishStarted& started) const;
  void published(std::size_t first, std::size_t count);
  void check_published() const;
  void check_kindness() const;
  void told(const CoordinatorMessage& message);
  void acknowledged(const SessionId& session, std::uint64_t reports);
  void assigned(const SessionId& session, const Assignment& assignment);
  void check_pace(const SessionId& session, const Assignment& assignment);
  void check_input() const;

  World& world_;
  const coordinator::Scheduler* scheduler_;
  CommandRules commands_;
  ControlRules control_;
  OutputRules output_;
  std::map<SessionId, Seen> sessions_;
  std::unordered_map<ConnectionId, SessionId> bound_;
  std::vector<Published> published_;
  std::map<SessionId, std::uint64_t> acknowledged_;  ///< the number of reports, over all epochs
  std::vector<SessionId> sessions_committed_;
  std::map<SessionId, std::uint64_t> reports_committed_;  ///< the number, by committed session
  std::size_t records_committed_ = 0;
  std::uint64_t tasks_committed_ = 0;                   ///< that were added during the run
  std::map<SessionId, std::uint64_t> last_assignment_;  ///< its number
  std::optional<Instant> last_start_;                   ///< in this epoch
  Epoch epoch_ = 1;
  bool epoch_begins_ = false;      ///< nothing was published since the crash
  bool is_asked_to_stop_ = false;  ///< by the user, in this epoch
  int finishes_ = 0;
  int ends_ = 0;
};

}  // namespace rollcall::sim
