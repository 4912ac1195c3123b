// Micro-benchmarks of the cores and the codec: where the nanoseconds of a task go. The items of
// each are tasks.
#include <benchmark/benchmark.h>

#include <span>
#include <string>
#include <vector>

#include "bench/fake_cluster.h"
#include "common/base/rng.h"
#include "common/wire/codec.h"
#include "coordinator/core/analysis/summary.h"
#include "coordinator/core/tasks/backlog.h"
#include "worker/core/session.h"
#include "worker/core/sleep_queue.h"

namespace rollcall::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBatch = 1'000;

coordinator::RunSpec spec_of(std::uint32_t tasks, bool is_random) {
  coordinator::RunSpec spec;
  spec.id.bytes.fill(1);
  spec.seed = 1;
  spec.task_count = tasks;
  spec.pause_min = is_random ? Duration(1s) : Duration(0);
  spec.pause_max = is_random ? Duration(10s) : Duration(0);
  return spec;
}

void count_tasks(benchmark::State& state, std::size_t tasks) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(tasks));
}

/// A batch in the middle of a long run: ids in order or, with random pauses, scattered.
AttemptColumns attempts(bool is_random) {
  const coordinator::RunSpec spec = spec_of(1'000'000, is_random);
  coordinator::Backlog backlog(spec);
  const auto is_pending = [](TaskId) { return true; };
  backlog.take(500'000, is_pending);
  const coordinator::Batch batch = backlog.take(kBatch, is_pending);
  AttemptColumns columns;
  for (std::size_t i = 0; i < kBatch; ++i) {
    const TaskId task = batch.at(i);
    columns.task.push_back(task);
    columns.attempt.push_back(1);
    columns.pause.push_back(spec.pause(task));
  }
  return columns;
}

OutcomeColumns outcomes(bool is_random) {
  const AttemptColumns from = attempts(is_random);
  OutcomeColumns columns;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const Instant started = instant_from_ns(5'000'000'000'000 + static_cast<std::int64_t>(i / 300));
    columns.push_back(from.task[i], 1, Outcome::succeeded, started, from.pause[i] + 90us,
                      from.pause[i]);
  }
  return columns;
}

Header header() {
  Header header;
  header.run.bytes.fill(1);
  header.epoch = 1;
  header.session.bytes.fill(2);
  return header;
}

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// The coordinator's core.

void coordinator_pause(benchmark::State& state) {
  const coordinator::RunSpec spec = spec_of(kBatch, true);
  for (auto _ : state) {
    for (std::size_t t = 0; t < kBatch; ++t) benchmark::DoNotOptimize(spec.pause(task_at(t)));
  }
  count_tasks(state, kBatch);
}
BENCHMARK(coordinator_pause);

void coordinator_plan(benchmark::State& state) {
  const auto tasks = static_cast<std::uint32_t>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(coordinator::Backlog(spec_of(tasks, true)));
  count_tasks(state, tasks);
}
BENCHMARK(coordinator_plan)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

/// Arguments: random pauses?, and what to count: 0 the ends of turns (dispatch), 1 the reports.
void coordinator_run(benchmark::State& state) {
  constexpr std::uint32_t kTasks = 1'000'000;
  for (auto _ : state) {
    FakeCluster cluster(spec_of(kTasks, state.range(0) != 0), 2);
    cluster.run();
    state.SetIterationTime(state.range(1) == 0 ? cluster.time().turns : cluster.time().reports);
  }
  count_tasks(state, kTasks);
}
BENCHMARK(coordinator_run)
    ->ArgNames({"random", "reports"})
    ->ArgsProduct({{0, 1}, {0, 1}})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

// The worker's core.

void worker_sleep_queue(benchmark::State& state) {
  const bool is_random = state.range(0) != 0;
  const AttemptColumns columns = attempts(is_random);
  worker::SleepQueue queue;
  OutcomeColumns out;
  Instant now(1s);
  std::uint64_t number = 0;
  for (auto _ : state) {
    queue.start(now, ++number, columns);
    now += is_random ? Duration(10s) : Duration(10us);
    out.clear();
    queue.take_due(now, out);
    benchmark::DoNotOptimize(out.task.data());
  }
  count_tasks(state, kBatch);
}
BENCHMARK(worker_sleep_queue)->ArgName("random")->Arg(0)->Arg(1);

/// Takes an assignment, starts all of it, takes the outcomes, makes the report, is acknowledged.
void worker_session(benchmark::State& state) {
  const OutcomeColumns ended = outcomes(false);
  worker::Session session(worker::Identity{});
  worker::Actions actions;
  Instant now(1s);
  SessionSecret secret;
  secret.bytes.fill(3);
  session.step(now, worker::Begun{secret, 1}, actions);
  const auto& hello = std::get<worker::Send>(actions.front()).message->body;
  CoordinatorMessage message{header(), {}};
  message.header.session = session.id();
  Welcome welcome;
  welcome.nonce = std::get<Hello>(hello).nonce;
  welcome.heartbeat_interval = 1h;
  welcome.liveness = 3h;
  const auto tell = [&](CoordinatorBody body) {
    message.body = std::move(body);
    session.step(now, worker::MessageReceived{message}, actions);
  };
  tell(welcome);
  const AttemptColumns columns = attempts(false);
  std::uint64_t number = 0;
  for (auto _ : state) {
    actions.clear();
    tell(Assignment{++number, columns, {Job{}}});
    session.step(now, worker::AttemptsEnded{ended}, actions);
    session.step(now, worker::TurnEnded{}, actions);
    tell(Ack{number, now});
    now += 10us;
  }
  count_tasks(state, kBatch);
}
BENCHMARK(worker_session);

// The codec.

template <class Message>
void encode(benchmark::State& state, const Message& message) {
  WireCodec codec;
  std::string bytes;
  for (auto _ : state) {
    codec.encode(message, bytes);
    benchmark::DoNotOptimize(bytes.data());
  }
  count_tasks(state, kBatch);
  state.counters["bytes"] = static_cast<double>(bytes.size()) / kBatch;
}

template <class Message>
void decode(benchmark::State& state, const Message& message) {
  WireCodec codec;
  std::string bytes;
  codec.encode(message, bytes);
  Message out;
  for (auto _ : state) {
    if (!codec.decode(as_bytes(bytes), out)) state.SkipWithError("not decoded");
  }
  count_tasks(state, kBatch);
}

CoordinatorMessage assignment(bool is_random) {
  return {header(), Assignment{1, attempts(is_random)}};
}
WorkerMessage report(bool is_random) {
  return {header(), Report{1, 1, kBatch, outcomes(is_random)}};
}

void codec_encode_assignment(benchmark::State& state) {
  encode(state, assignment(state.range(0) != 0));
}
void codec_decode_assignment(benchmark::State& state) {
  decode(state, assignment(state.range(0) != 0));
}
void codec_encode_report(benchmark::State& state) {
  encode(state, report(state.range(0) != 0));
}
void codec_decode_report(benchmark::State& state) {
  decode(state, report(state.range(0) != 0));
}
BENCHMARK(codec_encode_assignment)->ArgName("random")->Arg(0)->Arg(1);
BENCHMARK(codec_decode_assignment)->ArgName("random")->Arg(0)->Arg(1);
BENCHMARK(codec_encode_report)->ArgName("random")->Arg(0)->Arg(1);
BENCHMARK(codec_decode_report)->ArgName("random")->Arg(0)->Arg(1);

}  // namespace
}  // namespace rollcall::bench

BENCHMARK_MAIN();
