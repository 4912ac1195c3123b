// A stage for one Scheduler: workers w1, w2, ... that send scripted messages, and every action of
// the scheduler as one readable line.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "coordinator/core/scheduler.h"

namespace rollcall::coordinator {

/// Outcomes that a worker is to report, by task; the attempts are those that it was last sent.
struct Ended {
  std::vector<std::uint32_t> tasks;
  Outcome outcome = Outcome::succeeded;
};

/// Every event is followed by the end of its turn. Time only moves with at() and wait(), which let
/// every deadline on the way pass. One thread.
class Stage {
 public:
  Stage(const RunSpec& spec, const Policy& policy)
      : spec_(spec),
        policy_(policy),
        scheduler_(std::make_unique<Scheduler>(spec, policy, epoch_)) {}

  /// Advances the time to this many milliseconds after the beginning.
  void at(std::int64_t ms);
  void wait(std::int64_t ms) { at(now_ms_ + ms); }
  /// The coordinator stalled: deadlines have passed unnoticed, and messages have arrived meanwhile.
  void oversleep(std::int64_t ms) { now_ms_ += ms; }
  std::int64_t now_ms() const { return now_ms_; }

  void listen() { give(ListeningStarted{}); }
  void hello(int worker, std::uint32_t slots = 0, std::uint64_t nonce = 1,
             std::uint32_t launch_id = 0);
  void inventory(int worker, std::uint64_t nonce = 1);
  void heartbeat(int worker, bool draining = false);
  void report(int worker, std::uint64_t number, const std::vector<Ended>& ended);
  void goodbye(int worker, std::uint64_t reports, std::uint64_t outcomes);
  void exited(std::uint32_t launch_id, const std::string& how = "killed by signal 9") {
    give(LocalWorkerExited{launch_id, how});
  }
  void stop(bool let_running_end = false) { give(StopRequested{let_running_end}); }
  void leave_running() { give(StopRequested{false, /*leave_running=*/true}); }
  void drain(const std::vector<std::uint32_t>& sessions, DrainMode mode = DrainMode::finish);
  /// With a journal: commits up to this number are durable.
  void committed(std::uint64_t commit);
  /// kill -9 of the coordinator, and the next epoch from its durable commits. Listens.
  void crash(const std::vector<FoundOutput>& found = {});
  void vanished(int session) { give(WorkerVanished{SessionIndex(session)}); }
  /// The inventory of a worker of an earlier epoch: the first `begun` of these tasks have begun.
  void inventory_of(int worker, std::uint64_t nonce, const std::vector<std::uint32_t>& tasks,
                    std::uint64_t begun, const ListedOutput& output = {});
  void malformed(int worker, RejectReason reason, const std::string& text);
  void turn(bool inbox_empty = true);
  /// Any other message, as the worker would send it.
  void send(int worker, WorkerBody body);
  void send(ConnectionId from, const Header& header, WorkerBody body);

  // The state of a worker, which a test may change between messages.
  struct Worker {
    ConnectionId connection{};
    SessionSecret secret;
    std::uint32_t slots = 0;
    std::uint32_t command_slots = 100;
    KindSet kinds = all_kinds();
    FeatureSet features{};
    std::uint64_t got = 0;       ///< assignments that reached it
    std::uint64_t attempts = 0;  ///< in them
    std::uint64_t ended = 0;     ///< of those, reported
    std::vector<TaskId> places;  ///< its attempts in order; kNobody: returned
    std::uint64_t reports = 0;   ///< the last one's number
    bool reached = true;         ///< if false, assignments to it are lost
    bool starts = true;          ///< if false, it starts no attempts
    std::map<TaskId, Attempt> attempt;

    static constexpr TaskId kNobody{0xffffffff};
    std::uint64_t started() const;
    void return_unstarted(TaskId task);
  };
  Worker& worker(int number);
  Header header(int worker);

  // What each TurnEnded states.
  OutputRoom room;
  std::uint64_t printed = TurnEnded().printed;

  struct Line {
    std::int64_t ms = 0;
    std::string text;
  };
  /// Takes the lines since the last call.
  std::vector<Line> take_lines();
  std::vector<std::string> take();
  /// Forgets the lines so far.
  void ignore() { lines_.clear(); }
  /// An event and the end of its turn.
  void give(const Event& event);
  const Scheduler& scheduler() const { return *scheduler_; }
  const RunRecords& records() const { return scheduler_->records(); }
  bool ended() const { return ended_; }
  /// Commits handed over in this epoch.
  std::uint64_t commits() const { return commits_.size() - commits_before_; }
  const Commit& last_commit() const { return *commits_.back(); }
  const std::vector<Log>& logs() const { return logs_; }

 private:
  void step(const Event& event);
  Instant now() const { return instant_from_ns((now_ms_ + 1'000) * 1'000'000); }
  std::string line_of(const Action& action);
  std::string describe(const SessionAttempt& attempt) const;
  std::string name_of(ConnectionId connection) const;
  std::string name_of(SessionIndex session) const;
  void delivered(ConnectionId to, const CoordinatorMessage& message);

  RunSpec spec_;  ///< at the beginning
  Policy policy_;
  Epoch epoch_ = 1;
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<std::shared_ptr<const Commit>> commits_;  ///< of all epochs, as far as not lost
  std::size_t commits_before_ = 0;                      ///< of earlier epochs
  std::size_t committed_ = 0;                           ///< of commits_
  std::int64_t now_ms_ = 0;
  std::map<int, Worker> workers_;
  std::vector<Line> lines_;
  std::vector<Log> logs_;
  bool ended_ = false;
};

}  // namespace rollcall::coordinator
