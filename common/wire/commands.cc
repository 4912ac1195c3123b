// Encodes and decodes commands, their results and the headers of jobs.
#include <algorithm>
#include <chrono>
#include <set>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/limits.h"
#include "common/wire/bodies.h"

namespace rollcall::wire {
namespace {

static_assert(static_cast<int>(rollcall::CommandEnd::signalled) == COMMAND_END_SIGNALLED);
static_assert(static_cast<int>(rollcall::CommandEnd::not_started) == COMMAND_END_NOT_STARTED);
static_assert(static_cast<int>(rollcall::CommandEnd::out_of_memory) == COMMAND_END_OUT_OF_MEMORY);

using Strings = google::protobuf::RepeatedPtrField<std::string>;

constexpr int kLastExitStatus = 255;
constexpr int kLastSignal = 64;
constexpr int kLastErrno = 4'095;
/// The most that Linux supports.
constexpr std::int64_t kMostProcessors = 8'192;
/// By how much processor time may exceed what the elapsed time allows: both are measured in steps.
constexpr Duration kCpuTolerance = std::chrono::seconds(1);
constexpr std::uint64_t kLongestTermNs =
    static_cast<std::uint64_t>(limits::longest_duration.count());
constexpr std::uint64_t kMostBytes = limits::stream_bytes;

void put(const rollcall::Command& from, Command& out) {
  for (const std::string& arg : from.args) out.add_arg(arg);
  for (const std::string& variable : from.env) out.add_env(variable);
  if (!from.cwd.empty() || from.has_no_cwd) out.set_cwd(from.cwd);
  if (!from.input.empty() || from.has_no_input) out.set_input(from.input);
  out.set_timeout_ns(ns_to_wire(from.timeout));
}

/// The system would truncate the string at a NUL.
bool take_strings(const Strings& in, std::vector<std::string>& to) {
  to.assign(in.begin(), in.end());
  return std::all_of(to.begin(), to.end(),
                     [](const std::string& s) { return s.find('\0') == std::string::npos; });
}

Problem take(const Command& in, rollcall::Command& to) {
  if (in.arg().empty()) return "assignment: a command without a program";
  if (!take_strings(in.arg(), to.args) || !take_strings(in.env(), to.env) ||
      in.cwd().find('\0') != std::string::npos) {
    return "assignment: a NUL in a command";
  }
  to.cwd = in.cwd();
  to.input = in.input();
  to.has_no_cwd = in.has_cwd() && in.cwd().empty();
  to.has_no_input = in.has_input() && in.input().empty();
  to.timeout = Duration(static_cast<std::int64_t>(in.timeout_ns()));
  const bool fits = in.timeout_ns() <= kLongestTermNs;
  return fits ? nullptr : "assignment: timeout out of range";
}

void put(const rollcall::Job& from, Job& out) {
  out.set_number(static_cast<std::uint32_t>(from.number));
  out.set_kind(to_wire<TaskKind>(from.kind));
  out.set_needs_slot(from.needs_slot);
  out.set_kill_after_ns(ns_to_wire(from.kill_after));
  if (from.max_output) out.set_max_output(*from.max_output);
  out.set_cwd(from.cwd);
  out.set_input(from.input);
  for (const std::string& variable : from.env) out.add_env(variable);
  out.set_nice(from.nice);
  out.set_max_memory(from.max_memory);
}

Problem take(const Job& in, rollcall::Job& to) {
  to.number = JobId{in.number()};
  if (in.number() == 0) return "assignment: a job without a number";
  if (in.kind() <= TASK_KIND_UNSPECIFIED) return "assignment: a job without a kind";
  // A kind that this program does not know is for the receiver to refuse.
  to.kind = static_cast<rollcall::KindId>(std::min<int>(in.kind() - 1, kLastKind));
  to.needs_slot = in.needs_slot();
  to.kill_after = Duration(static_cast<std::int64_t>(in.kill_after_ns()));
  to.max_output.reset();
  if (in.has_max_output()) to.max_output = in.max_output();
  if (!take_strings(in.env(), to.env) || in.cwd().find('\0') != std::string::npos) {
    return "assignment: a NUL in a job";
  }
  to.cwd = in.cwd();
  to.input = in.input();
  to.nice = in.nice();
  to.max_memory = in.max_memory();
  const bool fits = in.kill_after_ns() <= kLongestTermNs && in.max_output() < kMostBytes &&
                    in.nice() <= limits::nicest && in.max_memory() < kMostBytes;
  return fits ? nullptr : "assignment: term of a job out of range";
}

std::uint64_t all_bytes(std::uint64_t before, std::size_t tail) {
  return before == kNotWanted ? kNotWanted : before + tail;
}

void put(const rollcall::CommandResult& from, CommandResult& out) {
  out.set_end(static_cast<CommandEnd>(from.end));
  out.set_status(static_cast<std::uint32_t>(from.status));
  out.set_signal(static_cast<std::uint32_t>(from.signal));
  out.set_error(static_cast<std::uint32_t>(from.error));
  out.set_error_text(printable(from.error_text, limits::name_bytes));
  out.set_cpu_ns(ns_to_wire(from.cpu));
  out.set_peak_rss_bytes(from.peak_rss_bytes);
  out.set_out(from.out);
  out.set_err(from.err);
  out.set_out_dropped(from.out_dropped);
  out.set_err_dropped(from.err_dropped);
  if (from.out_before > 0) out.set_out_bytes(all_bytes(from.out_before, from.out.size()));
  if (from.err_before > 0) out.set_err_bytes(all_bytes(from.err_before, from.err.size()));
}

/// The bytes before the tail. Returns false if they and the tail contradict each other.
bool take_before(bool is_present, std::uint64_t bytes, std::size_t tail, std::uint64_t& before) {
  before = is_present ? bytes - tail : 0;
  if (!is_present || (bytes == kNotWanted && tail == 0)) return true;
  return bytes >= tail && bytes < kMostBytes;
}

bool take_output(const CommandResult& in, rollcall::CommandResult& to) {
  to.out = in.out();
  to.err = in.err();
  if (!take_before(in.has_out_bytes(), in.out_bytes(), to.out.size(), to.out_before) ||
      !take_before(in.has_err_bytes(), in.err_bytes(), to.err.size(), to.err_before)) {
    return false;
  }
  const bool is_tail = to.out_before > 0 || to.err_before > 0;
  if (is_tail && to.out.size() + to.err.size() > limits::output_tail) return false;
  return to.out.size() <= limits::max_output && to.err.size() <= limits::max_output;
}

bool take_number(std::uint32_t in, int most, int& to) {
  to = static_cast<int>(std::min(in, static_cast<std::uint32_t>(most)));
  return in <= static_cast<std::uint32_t>(most);
}

Problem take(const CommandResult& in, rollcall::CommandResult& to) {
  if (!CommandEnd_IsValid(in.end())) return "report: unknown end of a command";
  to.end = static_cast<rollcall::CommandEnd>(in.end());
  to.error_text = printable(in.error_text(), limits::name_bytes);
  to.cpu = Duration(static_cast<std::int64_t>(in.cpu_ns()));
  to.peak_rss_bytes = in.peak_rss_bytes();
  to.out_dropped = in.out_dropped();
  to.err_dropped = in.err_dropped();
  const bool fits = take_number(in.status(), kLastExitStatus, to.status) &&
                    take_number(in.signal(), kLastSignal, to.signal) &&
                    take_number(in.error(), kLastErrno, to.error) &&
                    in.cpu_ns() < static_cast<std::uint64_t>(kTimeBound) &&
                    in.peak_rss_bytes() < kMostBytes && in.out_dropped() < kMostBytes &&
                    in.err_dropped() < kMostBytes && take_output(in, to);
  return fits ? nullptr : "report: command result out of range";
}

}  // namespace

void put_commands(const AttemptColumns& rows, Assignment& out) {
  CHECK(rows.command.empty() || rows.command.size() == rows.size());
  for (const rollcall::Command& command : rows.command) put(command, *out.add_command());
}

Problem take_commands(const Assignment& in, AttemptColumns& rows) {
  rows.command.clear();
  if (in.command().empty()) return nullptr;
  if (static_cast<std::size_t>(in.command_size()) != rows.size()) {
    return "assignment: columns differ in length";
  }
  rows.command.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Problem problem = take(in.command(static_cast<int>(i)), rows.command[i]);
    if (problem != nullptr) return problem;
  }
  return nullptr;
}

void put_jobs(const rollcall::Assignment& from, Assignment& out) {
  for (const rollcall::Job& job : from.jobs) put(job, *out.add_jobs());
}

Problem take_jobs(const Assignment& in, rollcall::Assignment& to) {
  to.jobs.clear();
  if (in.jobs().empty()) return nullptr;
  const auto n = static_cast<std::size_t>(in.jobs_size());
  if (n > limits::assignment_attempts) return "assignment: too many jobs";
  to.jobs.resize(n);
  std::set<JobId> numbers;
  for (std::size_t i = 0; i < n; ++i) {
    if (const Problem problem = take(in.jobs(static_cast<int>(i)), to.jobs[i])) return problem;
    if (!numbers.insert(to.jobs[i].number).second) return "assignment: a job twice";
  }
  return nullptr;
}

void put_results(const OutcomeColumns& rows, Report& out) {
  CHECK(rows.command.empty() || rows.command.size() == rows.size());
  for (const rollcall::CommandResult& result : rows.command) put(result, *out.add_command_result());
}

Problem take_results(const Report& in, OutcomeColumns& rows) {
  rows.command.clear();
  if (in.command_result().empty()) return nullptr;
  if (static_cast<std::size_t>(in.command_result_size()) != rows.size()) {
    return "report: columns differ in length";
  }
  rows.command.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rollcall::CommandResult& result = rows.command[i];
    const Problem problem = take(in.command_result(static_cast<int>(i)), result);
    if (problem != nullptr) return problem;
    result.started = rows.started[i];
    result.elapsed = rows.elapsed[i];
    if (result.cpu / kMostProcessors > result.elapsed + kCpuTolerance) {
      return "report: more CPU time than the elapsed time allows";
    }
  }
  return nullptr;
}

}  // namespace rollcall::wire
