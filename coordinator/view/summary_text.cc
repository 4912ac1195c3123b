#include "coordinator/view/summary_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <iomanip>
#include <sstream>
#include <string_view>

#include "common/base/text.h"
#include "common/cli/duration_text.h"

namespace rollcall::coordinator {
namespace {

/// Workers, and lost sessions, with a line each; the rest share one line.
constexpr std::size_t kNamedWorkers = 16;
constexpr std::size_t kLabelWidth = 10;

std::string label(std::string_view name) {
  std::string text(name);
  text.resize(kLabelWidth, ' ');
  return text;
}

/// Names and reasons come from workers and must not control the terminal.
std::string safe(std::string_view text) {
  return printable(text);
}

std::string number(std::uint64_t n) {
  return std::to_string(n);
}

std::string seconds(Duration duration) {
  return format_seconds(duration, 3) + " s";
}

std::string milliseconds(Duration duration) {
  if (duration >= std::chrono::seconds(1)) return seconds(duration);
  return format_seconds(duration * 1000, 3) + " ms";
}

std::string percent(double value) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << value << " %";
  return text.str();
}

std::string tasks(std::uint64_t count) {
  return number(count) + (count == 1 ? " task" : " tasks");
}

std::string slots(std::uint64_t count) {
  return number(count) + (count == 1 ? " slot" : " slots");
}

std::string lateness_text(const Summary& summary) {
  return label("lateness") + "p50 " + milliseconds(summary.lateness.p50) + ", p99 " +
         milliseconds(summary.lateness.p99) + ", max " + milliseconds(summary.lateness.max) + "\n";
}

std::string overhead_text(const Summary& summary) {
  std::string text = label("overhead") + seconds(summary.overhead());
  if (summary.lower_bound > Duration::zero()) {
    text += " (" + percent(summary.overhead_percent()) + ")";
  }
  return text + "\n";
}

/// Instead of the overhead: delays between the attempts at a task are not overhead.
std::string slot_time_text(const SlotTime& time) {
  std::string text = fmt::format("{}{:.3f} s", label("busy"), time.busy);
  if (time.retries > 0) text += fmt::format(", retries {:.3f} s", time.retries);
  if (time.retries > 0 && time.waiting) text += fmt::format(", waiting {:.3f} s", *time.waiting);
  return text + "\n";
}

std::string stopped_text(const Summary& summary) {
  if (summary.stopped <= Duration::zero()) return {};
  return label("stopped") + seconds(summary.stopped) + " until the run was resumed, not measured\n";
}

/// Of an unfinished run, what follows from all of its tasks is not known.
std::string times_text(const RunRecords& records, const Summary& summary) {
  const bool has_retries = summary.slot_time && records.attempts_retried > 0;
  std::string text;
  if (summary.finished) text += label("expected") + seconds(summary.lower_bound) + "\n";
  text += label("measured") + seconds(summary.measured) + "\n";
  if (has_retries) {
    text += slot_time_text(*summary.slot_time);
  } else if (summary.finished) {
    text += overhead_text(summary);
  }
  text += stopped_text(summary);
  if (!summary.finished && !summary.has_account) return text;
  return text + label("before") + "start-up " + seconds(summary.startup) + ", planning " +
         seconds(summary.planning) + "\n";
}

std::string unfinished_text(const RunRecords& records) {
  return label("state") + "not finished: " + tasks(records.spec.task_count - records.accepted()) +
         " left\n";
}

std::string input_text(const RunRecords& records) {
  if (!records.spec.is_open) return {};
  return label("input") + "not read to its end: " + tasks(records.spec.task_count) + " so far\n";
}

/// "2 succeeded, 1 timed out"; empty if no task has ended.
std::string outcome_counts(const Summary& summary) {
  std::string text;
  for (const Outcome outcome : {Outcome::succeeded, Outcome::failed, Outcome::timed_out,
                                Outcome::cancelled, Outcome::lost}) {
    if (summary.count(outcome) == 0) continue;
    std::string name(to_string(outcome));
    std::replace(name.begin(), name.end(), '_', ' ');
    text += (text.empty() ? "" : ", ") + number(summary.count(outcome)) + " " + name;
  }
  return text;
}

std::string outcomes_text(const Summary& summary) {
  const std::string counts = outcome_counts(summary);
  return label("outcomes") + (counts.empty() ? "none" : counts) + "\n";
}

std::string counted(std::uint64_t count, const char* what, const char* how) {
  return fmt::format("{} {}{} {}", count, what, count == 1 ? "" : "s", how);
}

/// What most runs do not have.
std::string unusual_text(const RunRecords& records, const Summary& summary) {
  const auto lost = static_cast<std::uint64_t>(
      std::ranges::count(records.sessions, SessionEnd::lost, &SessionRecord::end));
  std::string text;
  const auto add = [&text](const std::string& part) {
    text += (text.empty() ? "; " : ", ") + part;
  };
  if (!summary.finished) {
    add("not finished, " + tasks(records.spec.task_count - records.accepted()) + " left");
  }
  if (summary.run_timed_out) add("ended by --run-timeout");
  if (records.spec.is_open) add("input not read to its end");
  if (records.attempts_retried > 0) add(counted(records.attempts_retried, "attempt", "repeated"));
  if (records.attempts_adopted > 0) add(counted(records.attempts_adopted, "attempt", "adopted"));
  if (lost > 0) add(counted(lost, "worker", "lost"));
  return text;
}

bool is_empty(const RunRecords& records) {
  return records.spec.task_count == 0 && !records.spec.is_open;
}

constexpr const char* kNoTasks = "no tasks: nothing was run\n";

std::string worker_line(const SessionRecord& session) {
  std::string line = "  " + safe(session.name) + ": " + tasks(session.tasks_done);
  if (session.slots > 0) line += ", " + slots(session.slots);
  if (session.end == SessionEnd::lost) line += ", lost: " + safe(session.end_reason);
  return line + "\n";
}

std::string workers_text(const RunRecords& records) {
  const std::size_t count = records.sessions.size();
  std::uint64_t lost = 0;
  std::uint64_t lost_named = 0;
  std::uint64_t unnamed_tasks = 0;
  std::string lines;
  // If there are too many, the last line counts at least two.
  const std::size_t named = count <= kNamedWorkers ? count : kNamedWorkers - 1;
  for (std::size_t i = 0; i < count; ++i) {
    const SessionRecord& session = records.sessions[i];
    const bool is_lost = session.end == SessionEnd::lost;
    lost += is_lost ? 1 : 0;
    // The reason for a loss is printed even if the worker is far down the list.
    if (i < named || (is_lost && lost_named < kNamedWorkers)) {
      lines += worker_line(session);
      lost_named += is_lost ? 1 : 0;
    } else {
      unnamed_tasks += session.tasks_done;
    }
  }
  const auto written = static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
  if (written < count) {
    lines += "  " + number(count - written) + " more: " + tasks(unnamed_tasks) + "\n";
  }
  return label("workers") + number(count) + (lost > 0 ? ", " + number(lost) + " lost" : "") + "\n" +
         lines;
}

std::string attempts_text(const RunRecords& records) {
  const AttemptCounts attempts = records.attempts();
  std::string text = label("attempts") + number(attempts.begun()) + ", " +
                     number(records.attempts_retried) + " repeated";
  if (attempts.lost > 0) text += ", " + number(attempts.lost) + " lost";
  if (attempts.running > 0) text += ", " + number(attempts.running) + " running";
  if (records.attempts_adopted > 0) text += ", " + number(records.attempts_adopted) + " adopted";
  text += ", " + number(records.stale) + " stale outcomes dropped";
  if (records.reports_repeated > 0) {
    text += ", " + number(records.reports_repeated) + " repeated reports";
  }
  return text + "\n";
}

}  // namespace

std::string failed_checks_text(const Summary& summary) {
  std::string text;
  for (const FailedCheck& check : summary.failed_checks) {
    text += "validation failed: " + check.name + ": " + check.text;
    if (check.tasks.empty()) {
      text += " (" + number(check.count) + ")\n";
      continue;
    }
    text += " (" + tasks(check.count) + ":";
    for (const TaskId task : check.tasks) text += " " + number(index(task));
    text += check.count > check.tasks.size() ? " ...)\n" : ")\n";
  }
  return text;
}

std::string summary_text(const RunRecords& records, const Summary& summary,
                         const KindDisplay& display) {
  if (is_empty(records)) return kNoTasks;
  const std::string& name = records.spec.name;
  std::string text = name.empty() ? std::string() : label("name") + safe(name) + "\n";
  if (!summary.finished) text += unfinished_text(records);
  if (summary.run_timed_out) text += label("ended") + "by --run-timeout\n";
  text += input_text(records) + times_text(records, summary);
  if (display.has_pauses()) text += lateness_text(summary);
  const std::string dropped = display.dropped_text();
  if (!dropped.empty()) text += label("dropped") + dropped + "\n";
  text += outcomes_text(summary) + workers_text(records) + attempts_text(records);
  if (display.has_pauses()) text += label("seed") + number(records.spec.seed) + "\n";
  return text;
}

std::string short_summary_text(const RunRecords& records, const Summary& summary) {
  if (is_empty(records)) return kNoTasks;
  const std::string counts = outcome_counts(summary);
  const std::string& name = records.spec.name;
  return fmt::format("{}{} in {} s{}\n", name.empty() ? "" : safe(name) + ": ",
                     counts.empty() ? "no task ended" : counts, format_seconds(summary.measured),
                     unusual_text(records, summary));
}

}  // namespace rollcall::coordinator
