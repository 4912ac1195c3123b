// Measures the scheduler's core: sessions that only answer, in virtual time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "common/messages/message.h"
#include "coordinator/core/scheduler.h"

namespace rollcall::bench {

/// Real seconds spent in Scheduler::step(), by activity, and in its constructor.
struct CoreTime {
  double planning = 0;  ///< making the Scheduler: drawing and sorting
  double joining = 0;   ///< Hello and Inventory
  double reports = 0;   ///< handling reports and heartbeats
  double turns = 0;     ///< ends of turns: dispatching, acknowledging
  double per_task(std::size_t tasks) const {
    return (reports + turns) / static_cast<double>(tasks);
  }
};

/// Each session answers an Assignment with one Report and sends one Heartbeat a second. The run
/// takes ten virtual seconds. One thread.
class FakeCluster {
 public:
  FakeCluster(const coordinator::RunSpec& spec, std::size_t sessions);

  /// Runs to the end. CHECKs that every task is done.
  void run();

  const CoreTime& time() const { return time_; }
  std::size_t assignments() const { return assignments_; }

 private:
  struct Peer {
    SessionSecret secret;
    SessionId id;
    std::uint64_t reports = 0;
    std::uint64_t received = 0;  ///< assignments
    std::uint64_t started = 0;   ///< attempts in them
    bool has_news = false;       ///< received something since its last Heartbeat
  };
  struct Waiting {
    std::size_t peer = 0;
    Assignment assignment;
  };

  void join();
  void beat();
  void say_heartbeat(std::size_t peer);
  void report(Waiting waiting);
  void tell(std::size_t peer, WorkerBody body, double& spent);
  void end_turn();
  void step(const coordinator::Event& event, double& spent);
  void perform();

  coordinator::RunSpec spec_;
  CoreTime time_;
  Instant now_;  ///< virtual
  Instant next_beat_;
  coordinator::Scheduler scheduler_;
  std::vector<Peer> peers_;  ///< the connection of each is its place
  std::deque<Waiting> waiting_;
  std::vector<std::size_t> news_;  ///< peers that have received something
  coordinator::Actions actions_;
  std::size_t assignments_ = 0;
};

}  // namespace rollcall::bench
