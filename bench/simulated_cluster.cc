// What the coordinator's core costs for each task when there are many sessions: a real Scheduler,
// and sessions that do nothing but answer, in virtual time, without sockets.
//
//   simulated_cluster [--sessions 10] [--tasks 10e6]
//
// Prints one JSON object.
#include <cstdio>

#include "bench/arguments.h"
#include "bench/children.h"
#include "bench/fake_cluster.h"

int main(int argc, char** argv) {
  using namespace rollcall;
  bench::Arguments arguments(argc, argv);
  coordinator::RunSpec spec;
  const auto sessions = static_cast<std::size_t>(arguments.number("sessions", 10));
  spec.task_count = static_cast<std::uint32_t>(arguments.number("tasks", 10'000'000));
  arguments.check();
  spec.id.bytes.fill(1);
  spec.seed = 1;
  spec.pause_min = std::chrono::seconds(1);
  spec.pause_max = std::chrono::seconds(10);
  bench::FakeCluster cluster(spec, sessions);
  cluster.run();
  const bench::CoreTime& time = cluster.time();
  const double tasks = spec.task_count;
  std::printf(
      "{\"sessions\": %zu, \"tasks\": %u, \"assignments\": %zu, \"planning_ns_per_task\": %.2f, "
      "\"joining_us_per_session\": %.3f, \"reports_ns_per_task\": %.2f, "
      "\"turns_ns_per_task\": %.2f, \"core_ns_per_task\": %.2f, \"peak_rss_bytes\": %llu}\n",
      sessions, spec.task_count, cluster.assignments(), 1e9 * time.planning / tasks,
      1e6 * time.joining / static_cast<double>(sessions), 1e9 * time.reports / tasks,
      1e9 * time.turns / tasks, 1e9 * time.per_task(spec.task_count),
      static_cast<unsigned long long>(bench::peak_rss_bytes()));
  return 0;
}
