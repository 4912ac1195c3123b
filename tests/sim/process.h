// A worker process: the real Session and SleepQueue, with a shell for virtual time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

#include "tests/sim/commands.h"
#include "tests/sim/network.h"
#include "tests/sim/world.h"
#include "worker/core/session.h"
#include "worker/core/sleep_queue.h"

namespace rollcall::sim {

/// The clock of one host: has another origin and runs a little faster or slower.
class HostClock {
 public:
  HostClock(Duration offset, std::int64_t ppm) : offset_(offset), ppm_(ppm) {}

  Instant at(Instant real) const {
    const std::int64_t ns = to_ns(real);
    return real + offset_ + Duration(ns / 1'000'000 * ppm_ + ns % 1'000'000 * ppm_ / 1'000'000);
  }
  /// The first real instant at which this clock shows `local` or more.
  Instant real(Instant local) const;

 private:
  Duration offset_;
  std::int64_t ppm_;
};

/// One worker process. Never moves; outlives everything that is on the timeline.
class Process {
 public:
  struct Terms {
    std::uint32_t number = 0;
    std::uint32_t launch_id = 0;
    std::uint32_t slots = 0;
    std::uint32_t command_slots = 0;
    bool starts_none = false;                ///< no command can be started
    std::function<void(int status)> exited;  ///< called once, however it ends
  };

  Process(World& world, Network& network, Terms terms);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  bool alive() const { return alive_; }
  bool is_local() const { return terms_.launch_id != 0; }
  std::uint32_t number() const { return terms_.number; }

  void kill();
  void terminate(DrainMode mode);
  SessionId session() const { return session_.id(); }
  void freeze(Duration lasts);
  void cut(bool up, bool down, Duration lasts) { network_.cut(*link_, up, down, lasts); }
  void break_connection(Duration down_for);

 private:
  void receive(DownMessage message);
  void turn();
  void arm();
  void wake_at(Instant real);
  void begin();
  void step(const worker::Event& event);
  void step_message(const CoordinatorMessage& message);
  void perform(const worker::Action& action);
  void start_attempts(const worker::StartAttempts& start);
  void take_ended();
  void take_progress();
  void send_output(const worker::SendOutput& send);
  void attempts_ended(const OutcomeColumns& outcomes);
  void end(int status, bool flight_lost);
  Instant local_now() const { return clock_.at(world_.timeline.now()); }

  World& world_;
  Network& network_;
  Terms terms_;
  Rng rng_;
  HostClock clock_;
  worker::Session session_;
  worker::SleepQueue sleeps_;
  Commands commands_;
  Epoch epoch_ = 0;         ///< of its last Welcome
  bool is_halted_ = false;  ///< in this epoch it may start nothing more
  Network::Link* link_ = nullptr;
  worker::Actions actions_;
  bool is_performing_ = false;
  std::deque<DownMessage> inbox_;
  bool alive_ = true;
  Instant frozen_until_{};
  std::optional<DrainMode> term_pending_;
  bool reconnected_pending_ = false;
  std::optional<Instant> wake_;  ///< real
};

}  // namespace rollcall::sim
