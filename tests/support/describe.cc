#include "tests/support/describe.h"

#include <cstddef>

namespace rollcall {
namespace {

using std::to_string;

/// One overload for each body.
struct Describer {
  std::string operator()(const Hello& hello) const {
    return "Hello from " + hello.name + ", slots " + to_string(hello.slots);
  }
  std::string operator()(const Inventory& inventory) const {
    return "Inventory: got assignments through " + to_string(inventory.assignments_received);
  }
  std::string operator()(const Report& report) const {
    std::string text = "Report " + to_string(report.number) + ":";
    const OutcomeColumns& o = report.outcomes;
    for (std::size_t i = 0; i < o.size(); ++i) {
      text += i == 0 ? " " : ", ";
      text += to_string(index(o.task[i])) + attempt(o.attempt[i]) + " " +
              std::string(rollcall::to_string(o.outcome[i]));
    }
    return text + progress(report.assignments_received, report.started_count, report.draining);
  }
  std::string operator()(const Heartbeat& heartbeat) const {
    return "Heartbeat" +
           progress(heartbeat.assignments_received, heartbeat.started_count, heartbeat.draining);
  }
  std::string operator()(const Goodbye& goodbye) const {
    return "Goodbye after " + to_string(goodbye.reports_sent) + " reports, " +
           to_string(goodbye.outcomes_sent) + " outcomes";
  }

  std::string operator()(const Welcome& welcome) const {
    return "Welcome: slots " + to_string(welcome.slots) + window(welcome.window);
  }
  std::string operator()(const Assignment& assignment) const {
    std::string text = "Assignment " + to_string(assignment.number) + ":";
    const AttemptColumns& a = assignment.attempts;
    for (std::size_t i = 0; i < a.size(); ++i) {
      text += i == 0 ? " " : ", ";
      text += to_string(index(a.task[i])) + attempt(a.attempt[i]) + " for " + describe(a.pause[i]);
    }
    return text;
  }
  std::string operator()(const Ack& ack) const {
    return "Ack: reports committed through " + to_string(ack.reports_committed) +
           window(ack.window);
  }
  std::string operator()(const Cancel& cancel) const {
    std::string text = "Cancel: assignments through " + to_string(cancel.assignments_through);
    for (std::size_t i = 0; i < cancel.attempts.size(); ++i) {
      text +=
          ", " + to_string(index(cancel.attempts.task[i])) + attempt(cancel.attempts.attempt[i]);
    }
    return text;
  }
  std::string operator()(const Drain& drain) const {
    return "Drain: " + std::string(rollcall::to_string(drain.mode));
  }
  std::string operator()(const Revoke& revoke) const {
    return "Revoke: assignments through " + to_string(revoke.assignments_through) + ", keep " +
           to_string(revoke.keep);
  }
  std::string operator()(const Reject& reject) const {
    return "Reject " + std::string(rollcall::to_string(reject.reason)) + ": " + reject.text;
  }
  std::string operator()(const Shutdown&) const { return "Shutdown"; }
  std::string operator()(const Output& output) const {
    return "Output of " + to_string(output.rows()) + " rows";
  }
  std::string operator()(const OutputAck& ack) const {
    std::string text = "OutputAck:";
    for (std::size_t i = 0; i < ack.rows(); ++i) {
      text += (i == 0 ? " " : ", ") + to_string(index(ack.task[i])) + attempt(ack.attempt[i]) +
              (ack.stream[i] == OutputStream::out ? " out" : " err") + " taken " +
              to_string(ack.taken[i]) + " durable " +
              (ack.durable[i] == kNotWanted ? "unwanted" : to_string(ack.durable[i]));
    }
    return text + window(ack.window);
  }
  static std::string window(const OutputWindow& window) {
    if (window.number == 0) return "";
    std::string text = "; window " + to_string(window.bytes);
    if (window.only_attempt != 0) text += " for " + to_string(index(window.only_task));
    return text;
  }

  static std::string attempt(Attempt attempt) {
    return attempt == 1 ? "" : " (attempt " + to_string(attempt) + ")";
  }
  static std::string progress(std::uint64_t received, std::uint64_t started, bool draining) {
    return "; got assignments through " + to_string(received) + ", started " + to_string(started) +
           (draining ? ", draining" : "");
  }
};

}  // namespace

std::string describe(const WorkerMessage& message) {
  return std::visit(Describer(), message.body);
}

std::string describe(const CoordinatorMessage& message) {
  return std::visit(Describer(), message.body);
}

std::string describe(const std::vector<TaskId>& tasks) {
  std::string text;
  for (std::size_t i = 0; i < tasks.size();) {
    std::size_t last = i;
    while (last + 1 < tasks.size() && index(tasks[last + 1]) == index(tasks[last]) + 1) ++last;
    text += (text.empty() ? "" : " ") + to_string(index(tasks[i]));
    if (last > i) text += "-" + to_string(index(tasks[last]));
    i = last + 1;
  }
  return text;
}

std::string describe(Duration duration) {
  const std::int64_t ns = duration.count();
  if (ns == 0) return "0 s";
  if (ns % 1'000'000'000 == 0) return to_string(ns / 1'000'000'000) + " s";
  if (ns % 1'000'000 == 0) return to_string(ns / 1'000'000) + " ms";
  if (ns % 1'000 == 0) return to_string(ns / 1'000) + " us";
  return to_string(ns) + " ns";
}

std::string_view to_string(RejectReason reason) {
  switch (reason) {
    case RejectReason::say_hello:
      return "say_hello";
    case RejectReason::wrong_epoch:
      return "wrong_epoch";
    case RejectReason::session_lost:
      return "session_lost";
    case RejectReason::protocol_version:
      return "protocol_version";
    case RejectReason::refused:
      return "refused";
    case RejectReason::bad_message:
      break;
  }
  return "bad_message";
}

}  // namespace rollcall
