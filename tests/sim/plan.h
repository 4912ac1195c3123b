// The plan of one simulated run: tasks, workers and faults. Everything follows from the seed.
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
  leave,               ///< SIGTERM to a worker that finishes its running tasks
  drain,               ///< the user asks that a worker finish and leave
  drain_at_once,       ///< the user asks that a worker leave
  freeze,              ///< SIGSTOP of a worker, SIGCONT after `lasts`
  cut_up,              ///< messages from a worker do not arrive
  cut_down,            ///< messages to a worker do not arrive
  cut_both,            ///< neither
  break_connection,    ///< the next connection has a new ConnectionId
  freeze_coordinator,  ///< SIGSTOP of the coordinator
  freeze_everyone,     ///< the machine stands still; the coordinator wakes up first
  overload,            ///< each turn of the coordinator takes long and reads one message
  crash_coordinator,   ///< kill -9 of the coordinator; the run is resumed after `lasts`
  stop,                ///< the user ends the run; with a journal, it is resumed after `lasts`
  take_over,           ///< the run is resumed while its coordinator lives, for another `lasts`
  stop_softly,         ///< as `stop`, but running attempts may end
  cancel_tasks,        ///< the user cancels some tasks, which `worker` chooses
  pause,               ///< the user pauses the run, for `lasts`
  limit_slots,         ///< the user limits the slots of a worker to 1 or 2
};

struct Fault {
  Instant at;
  FaultKind kind = FaultKind::kill;
  std::uint32_t worker = 0;  ///< which of those that live then, modulo their number
  Duration lasts{};
};

/// How commands behave, if the run has commands.
struct CommandPlan {
  Duration length_max{};           ///< the longest that one runs
  Duration timeout{};              ///< 0: no time limit
  double fails = 0;                ///< share of attempts that fail
  double refuses = 0;              ///< share of workers that run no commands
  double starts_none = 0;          ///< share of workers that cannot start any
  std::uint32_t most_at_once = 0;  ///< commands that a worker could run: 1 to this
};

/// What commands print, and who takes it, if the run takes output in chunks.
struct OutputPlan {
  double prints = 0;        ///< share of attempts that print
  std::uint32_t most = 0;   ///< bytes of one stream
  std::uint64_t spool = 0;  ///< bytes that the spool holds
  std::uint64_t early = 0;  ///< bytes beyond these of the attempt that is printed early
  Duration print_max{};     ///< the longest that the reader takes for one part
  Duration sync_max{};      ///< the longest that a disk usually takes, with a journal
};

/// Tasks that are added at this moment.
struct InputPart {
  Instant at;
  std::uint32_t count = 0;
};

/// How the tasks of a run arrive, if its input is streamed. Together the parts have the tasks of
/// the run.
struct InputPlan {
  bool is_streamed = false;
  bool is_pipe = false;  ///< the next coordinator cannot read on
  bool fails = false;    ///< at its end
  std::vector<InputPart> parts;
  Instant ends;
};

/// How unkind a plan is.
enum class Profile : std::uint8_t {
  calm,         ///< no faults: nothing may be lost, repeated or stale
  coordinator,  ///< only the coordinator, or the whole machine, is late: no session may be lost
  crashes,      ///< only the coordinator dies, and is resumed: no task may run twice
  connections,  ///< messages keep their order; connections break; workers die, freeze, end
  wild,         ///< all of that, and messages are lost, repeated and reordered
};

struct Plan {
  std::uint64_t seed = 0;
  Profile profile = Profile::calm;
  coordinator::RunSpec spec;
  coordinator::Policy policy;
  CommandPlan commands;
  OutputPlan output;
  InputPlan input;
  Weather weather;
  std::vector<Fault> faults;      ///< by time
  std::vector<Instant> joins;     ///< when each remote worker starts
  Instant calm_from;              ///< no fault begins or lasts after this
  Instant end_by;                 ///< a run that has not ended by then hangs
  std::uint64_t most_steps = 0;   ///< and one that takes more steps spins
  bool revive = false;            ///< remote workers that end are started again
  std::uint32_t most_slots = 0;   ///< of a worker: 1 to this, or no limit; 0: no limit
  std::int64_t drift_ppm = 0;     ///< clocks run faster or slower by at most this
  bool wire = false;              ///< messages go through the codec
  std::uint64_t check_every = 1;  ///< turns of the coordinator between two full checks
};

/// The tasks as the first coordinator knows them when it starts.
coordinator::RunSpec spec_at_start(const Plan& plan);

/// The plan of a small run with this seed.
Plan plan_for(std::uint64_t seed);

/// A plan of many sessions and tasks.
Plan plan_at_scale(std::uint64_t seed, std::uint32_t sessions, std::uint32_t tasks);

}  // namespace rollcall::sim
