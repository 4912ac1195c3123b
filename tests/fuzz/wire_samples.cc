#include "tests/fuzz/wire_samples.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <type_traits>
#include <utility>
#include <variant>

#include "common/base/check.h"
#include "common/limits.h"
#include "common/wire/envelope.h"

namespace rollcall::test {
namespace {

using namespace std::chrono_literals;

Header header() {
  Header header;
  header.epoch = 3;
  header.run.bytes = {1, 2, 3};
  header.session.bytes = {4, 5, 6};
  return header;
}

/// Rows that all have one value in each column, or rows that are all different.
AttemptColumns attempts(std::size_t n, bool mixed) {
  AttemptColumns rows;
  for (std::size_t i = 0; i < n; ++i) {
    rows.task.push_back(task_at(mixed ? mix64(i) % 1'000'000 : 100 + i));
    rows.attempt.push_back(static_cast<Attempt>(mixed ? 1 + i % 3 : 1));
    rows.pause.push_back(mixed ? Duration(mix64(i) % 10'000'000'000) : 5s);
  }
  return rows;
}

OutcomeColumns outcomes(std::size_t n, bool mixed) {
  OutcomeColumns rows;
  for (std::size_t i = 0; i < n; ++i) {
    const bool cancelled = mixed && i % 4 == 1;
    const Duration pause = mixed ? Duration(mix64(i) % 10'000'000'000) : 5s;
    rows.push_back(
        task_at(mixed ? mix64(i) % 1'000'000 : 100 + i),
        static_cast<Attempt>(mixed ? 1 + i % 3 : 1),
        cancelled ? (i % 8 == 1 ? Outcome::returned : Outcome::cancelled) : Outcome::succeeded,
        instant_from_ns(static_cast<std::int64_t>(mix64(i) % 1'000'000)), pause + Duration(i),
        cancelled ? 0ns : pause);
  }
  return rows;
}

TimeEcho echo() {
  return {instant_from_ns(1'000), instant_from_ns(-2'000), instant_from_ns(-1'500)};
}

bool fits(Instant t) {
  return to_ns(t) > -kTimeBound && to_ns(t) < kTimeBound;
}

bool fits(Duration d, Duration longest) {
  return d >= Duration{} && d <= longest;
}

bool fits(const std::string& text) {
  return text.size() <= limits::name_bytes && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

void check_rows(const std::vector<TaskId>& task, const std::vector<Attempt>& attempt) {
  CHECK(attempt.size() == task.size());
  for (const TaskId id : task) CHECK(index(id) < 0xffffffff);
  for (const Attempt a : attempt) CHECK(a >= 1);
}

void check_streams(const std::vector<OutputStream>& streams, std::size_t rows) {
  CHECK(streams.size() == rows);
  for (const OutputStream stream : streams) {
    CHECK(stream == OutputStream::out || stream == OutputStream::err);
  }
}

struct Check {
  void operator()(const Hello& m) const {
    CHECK(!m.secret.empty() && fits(m.host) && fits(m.name) && !m.features.test(0));
  }
  void operator()(const Inventory& m) const {
    (*this)(m.echo);
    CHECK(m.output.stream.size() == m.output.rows() && m.output.from.size() == m.output.rows());
    for (std::size_t i = 0; i < m.output.rows(); ++i) {
      CHECK(m.output.row[i] < m.held.size());
      CHECK(m.output.from[i] < limits::stream_bytes || m.output.from[i] == kNotWanted);
    }
  }
  void operator()(const Output& m) const {
    CHECK(m.rows() > 0 && m.rows() <= limits::output_rows);
    CHECK(m.bytes.size() <= limits::output_bytes);
    check_rows(m.task, m.attempt);
    check_streams(m.stream, m.rows());
    CHECK(m.offset.size() == m.rows() && m.size.size() == m.rows());
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < m.rows(); ++i) {
      CHECK(m.size[i] > 0 && m.offset[i] + m.size[i] < limits::stream_bytes);
      bytes += m.size[i];
    }
    CHECK(bytes == m.bytes.size());
  }
  void operator()(const OutputAck& m) const {
    CHECK(m.rows() <= limits::output_rows);
    check_rows(m.task, m.attempt);
    check_streams(m.stream, m.rows());
    CHECK(m.taken.size() == m.rows() && m.durable.size() == m.rows());
    for (std::size_t i = 0; i < m.rows(); ++i) {
      CHECK(m.taken[i] < limits::stream_bytes);
      CHECK(m.durable[i] <= m.taken[i] || m.durable[i] == kNotWanted);
    }
  }
  void operator()(const Heartbeat& m) const { (*this)(m.echo); }
  void operator()(const TimeEcho& e) const {
    CHECK(fits(e.coordinator_sent) && fits(e.worker_received) && fits(e.worker_sent));
  }
  void operator()(const Goodbye& m) const {
    CHECK(std::isfinite(m.cpu_seconds) && m.cpu_seconds >= 0);
  }
  void operator()(const Report& m) const {
    const OutcomeColumns& rows = m.outcomes;
    CHECK(m.number > 0 && rows.size() <= limits::report_outcomes);
    check_rows(rows.task, rows.attempt);
    CHECK(rows.outcome.size() == rows.size() && rows.started.size() == rows.size());
    CHECK(rows.elapsed.size() == rows.size() && rows.result.size() == rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      CHECK(static_cast<std::size_t>(rows.outcome[i]) < kOutcomeCount);
      CHECK(rows.outcome[i] != Outcome::lost && fits(rows.started[i]));
      CHECK(fits(rows.elapsed[i], Duration(kTimeBound - 1)));
      CHECK(fits(rows.result[i], Duration(kTimeBound - 1)));
    }
  }
  void operator()(const Welcome& m) const {
    CHECK(fits(m.sent));
    CHECK(!m.features.test(0));
    CHECK(fits(m.run_name));
    CHECK(m.heartbeat_interval > Duration{} && m.liveness > Duration{});
    CHECK(fits(m.heartbeat_interval, limits::longest_duration));
    CHECK(fits(m.liveness, limits::longest_duration));
    CHECK(fits(m.orphan_for, limits::longest_duration));
    CHECK(fits(m.rejoin_for, limits::longest_duration));
  }
  void operator()(const Assignment& m) const {
    CHECK(m.number > 0 && m.attempts.size() <= limits::assignment_attempts);
    check_rows(m.attempts.task, m.attempts.attempt);
    CHECK(m.attempts.pause.size() == m.attempts.size());
    for (const Duration pause : m.attempts.pause) CHECK(fits(pause, limits::longest_duration));
    const std::vector<JobId>& jobs = m.attempts.job;
    CHECK(jobs.empty() || jobs.size() == m.attempts.size());
    for (const JobId job : jobs) CHECK(job >= kFirstJob);
    std::set<JobId> numbers;
    for (const Job& job : m.jobs) {
      CHECK(job.number >= kFirstJob && numbers.insert(job.number).second);
      CHECK(fits(job.kill_after, limits::longest_duration));
      CHECK(job.max_output.value_or(0) < limits::stream_bytes);
      CHECK(job.nice <= limits::nicest);
      CHECK(job.max_memory < limits::stream_bytes);
    }
  }
  void operator()(const Ack& m) const { CHECK(fits(m.sent)); }
  void operator()(const Cancel& m) const {
    CHECK(m.attempts.size() <= limits::cancel_attempts);
    check_rows(m.attempts.task, m.attempts.attempt);
  }
  void operator()(const Drain& m) const { CHECK(m.mode <= DrainMode::return_running); }
  void operator()(const Revoke& m) const { CHECK(m.assignments_through > 0); }
  void operator()(const Reject& m) const {
    CHECK(m.reason <= RejectReason::refused && fits(m.text));
  }
  void operator()(const Shutdown&) const {}
};

/// The raw checks see the header, and the body, that the parser sees.
template <class Message>
void check_envelope(std::span<const std::byte> bytes, const Message& message) {
  constexpr bool kFromWorker = std::is_same_v<Message, WorkerMessage>;
  Envelope raw;
  CHECK(
      read_envelope(bytes, kFromWorker ? Direction::from_worker : Direction::from_coordinator, raw)
          .has_value());
  CHECK(check_sizes(raw).has_value() && raw.header == message.header);
  if constexpr (kFromWorker) CHECK(kind_of(raw) == kind_of(message.body));
}

template <class Message>
int decode_one_way(WireCodec& codec, std::span<const std::byte> bytes) {
  Message message;
  if (!codec.decode(bytes, message)) return 0;
  check_well_formed(message);
  check_envelope(bytes, message);
  std::string once;
  codec.encode(message, once);
  Message same;
  CHECK(codec.decode(std::as_bytes(std::span(once)), same).has_value());
  std::string twice;
  codec.encode(same, twice);
  CHECK(once == twice);
  return 1;
}

}  // namespace

std::vector<WorkerMessage> worker_samples() {
  std::vector<WorkerMessage> samples;
  const auto add = [&](WorkerBody body) { samples.push_back({header(), std::move(body)}); };
  SessionSecret secret;
  secret.bytes = {7, 8, 9};
  add(Hello{secret, 77, "host", "host-12", 12, 4, 2, 9});
  add(Hello{secret, 77, "host", "host-12", 12, 4, 2, 9, 3, all_kinds(), FeatureSet(0b1010)});
  add(Inventory{echo(), 77, 5, 6});
  Inventory list{echo(), 77, 5, 6};
  list.started_count = 9;
  list.begun = list.list = 1;
  list.is_last_part = true;
  list.held = {{TaskId{3}, TaskId{1}}, {1, 2}};
  add(list);
  list.output = {
      {0, 1, 1}, {OutputStream::err, OutputStream::out, OutputStream::err}, {7, kNotWanted, 0}};
  add(list);
  add(Heartbeat{echo(), 5, 1'000});
  add(Heartbeat{echo(), 5, 1'000, true, 12});
  add(Output{{TaskId{3}}, {1}, {OutputStream::out}, {0}, {4}, std::string("a\0b\n", 4)});
  add(Output{{TaskId{3}, TaskId{3}, TaskId{1}},
             {1, 1, 9},
             {OutputStream::out, OutputStream::err, OutputStream::err},
             {0, 1U << 30U, 5},
             {1, 2, 1},
             "abcd"});
  add(Inventory{echo(), 77, 5, 6, true});
  add(Goodbye{6, 600, 1.5, 1U << 24U});
  for (const bool mixed : {false, true}) {
    for (const std::size_t n : {0U, 1U, 2U, 40U}) add(Report{7, 5, 1'000, outcomes(n, mixed)});
  }
  Report commands{7, 5, 1'000, outcomes(2, true)};
  commands.outcomes.command = {
      {CommandEnd::exited,
       3,
       0,
       0,
       "",
       {},
       {},
       2ms,
       1U << 20U,
       std::string("a\0b", 3),
       "err",
       0,
       7},
      {CommandEnd::not_started, 0, 0, 2, "no such file", {}, {}, {}, 0, "", "", 0, 0}};
  for (std::size_t i = 0; i < 2; ++i) {
    commands.outcomes.command[i].started = commands.outcomes.started[i];
    commands.outcomes.command[i].elapsed = commands.outcomes.elapsed[i];
  }
  add(commands);
  commands.outcomes.command[0].out_before = 1U << 30U;
  commands.outcomes.command[0].err_before = 5;
  commands.window_received = 4;
  add(commands);
  commands.outcomes.command[0].out.clear();
  commands.outcomes.command[0].out_before = kNotWanted;
  add(std::move(commands));
  return samples;
}

std::vector<CoordinatorMessage> coordinator_samples() {
  std::vector<CoordinatorMessage> samples;
  const auto add = [&](CoordinatorBody body) { samples.push_back({header(), std::move(body)}); };
  add(Welcome{77, instant_from_ns(1'000), 4, 1s, 10s, 30s});
  add(Welcome{77, instant_from_ns(1'000), 4, 1s, 10s, 30s, false, 0, {}, FeatureSet(2)});
  add(Welcome{77, instant_from_ns(1'000), 4, 1s, 10s, 30s, true, 0, {}, FeatureSet(2), {9, 1}});
  add(Ack{6, instant_from_ns(2'000)});
  add(Ack{6, instant_from_ns(2'000), {1U << 20U, 5, TaskId{7}, 2}});
  add(OutputAck{{}, {}, {}, {}, {}, {1U << 20U, 5, {}, 0}});
  add(OutputAck{{TaskId{7}, TaskId{3}},
                {1, 65'535},
                {OutputStream::out, OutputStream::err},
                {1U << 30U, 5},
                {1U << 20U, kNotWanted},
                {}});
  add(Cancel{5});
  add(Cancel{0, {{TaskId{7}, TaskId{3}}, {1, 65'535}}});
  add(Cancel{2, {{TaskId{7}, TaskId{3}}, {1, 1}}});
  add(Drain{});
  add(Drain{DrainMode::return_running});
  add(Revoke{5, 1'000});
  add(Shutdown{});
  for (const RejectReason reason :
       {RejectReason::say_hello, RejectReason::wrong_epoch, RejectReason::session_lost,
        RejectReason::protocol_version, RejectReason::bad_message, RejectReason::refused}) {
    add(Reject{reason, "why"});
  }
  for (const bool mixed : {false, true}) {
    for (const std::size_t n : {0U, 1U, 2U, 40U}) add(Assignment{5, attempts(n, mixed)});
  }
  Assignment commands{5, attempts(2, true)};
  commands.attempts.command = {
      {{"echo", "a b", "\xff"}, {"A=1"}, "/tmp", std::string("\0in", 3), 5s},
      {{"true"}, {}, "", "", {}, /*has_no_cwd=*/true, /*has_no_input=*/true}};
  commands.jobs = {
      {kFirstJob, KindId::exec, true, 5s, 1'000, "/", std::string("\0in", 3), {"B=2"}}};
  add(commands);
  commands.jobs.push_back({JobId{9}, KindId{98}});
  commands.attempts.job = {JobId{9}, kFirstJob};
  add(commands);
  commands.attempts.job = {JobId{9}, JobId{9}};
  add(std::move(commands));
  return samples;
}

std::vector<std::string> sample_bytes() {
  WireCodec codec;
  std::vector<std::string> all;
  for (const auto& message : worker_samples()) codec.encode(message, all.emplace_back());
  for (const auto& message : coordinator_samples()) codec.encode(message, all.emplace_back());
  return all;
}

void damage(std::string& bytes, const std::vector<std::string>& samples, Rng& rng) {
  for (std::uint64_t left = 1 + rng.below(4); left > 0; --left) {
    const std::size_t at = rng.below(bytes.size() + 1);
    const std::string& other = samples[rng.below(samples.size())];
    switch (rng.below(6)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(rng.next());
        break;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.below(8)));
        break;
      case 2:
        bytes.erase(at, 1 + rng.below(3));
        break;
      case 3:
        bytes.insert(at, 1 + rng.below(3), static_cast<char>(rng.next()));
        break;
      case 4:
        bytes.resize(at);
        break;
      default:
        bytes.insert(at, other, rng.below(other.size()));
    }
  }
}

void check_well_formed(const WorkerMessage& message) {
  CHECK(message.header.protocol == kProtocolVersion);
  std::visit(Check{}, message.body);
}

void check_well_formed(const CoordinatorMessage& message) {
  CHECK(message.header.protocol == kProtocolVersion);
  std::visit(Check{}, message.body);
}

int decode_both_ways(WireCodec& codec, std::span<const std::byte> bytes) {
  return decode_one_way<WorkerMessage>(codec, bytes) +
         decode_one_way<CoordinatorMessage>(codec, bytes);
}

}  // namespace rollcall::test
