// What one simulated run is made of. Everything follows from the seed.
#pragma once

#include <cstdint>
#include <vector>

#include "coordinator/core/model/policy.h"
#include "coordinator/core/model/run_spec.h"

namespace rollcall::sim {

/// How the network treats messages until the faults stop.
struct Weather {
  Duration delay_min{};
  Duration delay_max{};
  double loss = 0;      ///< share of messages that vanish
  double repeat = 0;    ///< share of messages that come twice
  double straggle = 0;  ///< share of messages that take up to a second more
  bool ordered = true;  ///< as over one TCP connection; false: each message has its own delay
};

enum class FaultKind : std::uint8_t {
  kill,                ///< kill -9 of a worker
  terminate,           ///< SIGTERM to a worker
  leave,               ///< SIGTERM to a worker that finishes what runs
  drain,               ///< the user asks that a worker finish and leave
  drain_at_once,       ///< the user asks that a worker leave
  freeze,              ///< SIGSTOP of a worker, SIGCONT after `lasts`
  cut_up,              ///< nothing gets from a worker to the coordinator
  cut_down,            ///< nothing gets from the coordinator to a worker
  cut_both,            ///< neither
  break_connection,    ///< and come back under a new ConnectionId
  freeze_coordinator,  ///< SIGSTOP of the coordinator
  freeze_everyone,     ///< the machine stands still; the coordinator wakes up first
  overload,            ///< each turn of the coordinator takes long and takes one message in
  crash_coordinator,   ///< kill -9 of the coordinator, and after `lasts` somebody resumes the run
  stop,         ///< the user asks to stop; where there is a journal, and resumes after `lasts`
  take_over,    ///< somebody resumes the run while its coordinator lives, which goes on for `lasts`
  stop_softly,  ///< as `stop`, but without a journal what runs may end
};

struct Fault {
  Instant at;
  FaultKind kind = FaultKind::kill;
  std::uint32_t worker = 0;  ///< which of those that live then, modulo their number
  Duration lasts{};
};

/// How commands behave, where a run is of commands.
struct CommandPlan {
  Duration length_max{};           ///< each runs for up to this
  Duration timeout{};              ///< one that would run longer times out; 0: none does
  double fails = 0;                ///< share of attempts that fail
  double refuses = 0;              ///< share of workers that run no commands
  double starts_none = 0;          ///< share of workers that cannot start any
  std::uint32_t most_at_once = 0;  ///< commands that a worker could run: 1 to this
};

/// How unkind a plan is.
enum class Profile : std::uint8_t {
  calm,         ///< no faults: nothing may be lost, repeated or stale
  coordinator,  ///< only the coordinator, or everyone, is late: nobody may be lost
  crashes,      ///< only the coordinator dies, and comes back: nothing may run twice
  connections,  ///< messages keep their order; connections break; workers die, freeze, end
  wild,         ///< all of that, and messages are lost, repeated and reordered
};

struct Plan {
  std::uint64_t seed = 0;
  Profile profile = Profile::calm;
  coordinator::RunSpec spec;
  coordinator::Policy policy;
  CommandPlan commands;
  Weather weather;
  std::vector<Fault> faults;      ///< by time
  std::vector<Instant> joins;     ///< when each worker of others starts
  Instant calm_from;              ///< no fault begins or lasts after this
  Instant end_by;                 ///< a run that has not ended by then hangs
  std::uint64_t most_steps = 0;   ///< and one that takes more steps spins
  bool revive = false;            ///< workers of others that end are started again
  std::uint32_t most_slots = 0;   ///< of a worker: 1 to this, or no limit; 0: no limit
  std::int64_t drift_ppm = 0;     ///< clocks run faster or slower by at most this
  bool wire = false;              ///< messages go through the codec
  std::uint64_t check_every = 1;  ///< turns of the coordinator between two full checks
};

/// The plan of a small run with this seed.
Plan plan_for(std::uint64_t seed);

/// A plan of many sessions and tasks.
Plan plan_at_scale(std::uint64_t seed, std::uint32_t sessions, std::uint32_t tasks);

}  // namespace rollcall::sim
