#include <fmt/core.h>

#include <vector>

#include "common/cli/command_line.h"
#include "common/model/decimal.h"
#include "coordinator/core/analysis/batch_cursor.h"
#include "coordinator/output/output.h"
#include "coordinator/output/stream_output.h"
#include "coordinator/view/row.h"
#include "coordinator/view/run_document.h"
#include "coordinator/view/utc_time.h"

namespace rollcall::coordinator {
namespace {

using Json = nlohmann::ordered_json;

/// One document when the run is over.
class JsonOutput final : public StreamOutput {
 public:
  JsonOutput(const RunRecords& records, int fd, const KindDisplay& display)
      : StreamOutput(fd), records_(records), display_(display) {}

  void run_started(Instant, const RunPlace&) override {}
  void worker_joined(Instant, SessionIndex) override {}
  void worker_left(Instant, SessionIndex, std::uint64_t) override {}
  void attempts_failed(Instant, SessionIndex, const OutcomeColumns&,
                       std::span<const std::uint32_t>) override {}
  void tasks_started(Instant, SessionIndex, std::span<const TaskId>) override {}
  void append_outcomes(Instant, std::size_t, std::size_t) override {}

  void finished(const Summary& summary, std::span<const std::uint32_t>) override {
    text() += dump(run_document(records_, summary, display_), 2);
    text() += '\n';
  }

 private:
  const RunRecords& records_;
  const KindDisplay& display_;
};

/// One event a line, the document last (docs/reference/jsonl.md).
class JsonlOutput final : public StreamOutput {
 public:
  JsonlOutput(const RunRecords& records, int fd, const KindDisplay& display)
      : StreamOutput(fd),
        records_(records),
        display_(display),
        rows_(records, display),
        batch_(records) {}

  void run_started(Instant now, const RunPlace& place) override {
    clock_ = place.clock;
    const RunSpec& spec = records_.spec;
    write({{"event", "run_started"},
           {"time", time(now)},
           {"schema", spec.is_open ? "rollcall/events/2" : "rollcall/events/1"},
           {"run_id", to_hex(spec.id.bytes)},
           {"name", spec.name.empty() ? Json(nullptr) : Json(spec.name)},
           {"kind", to_string(spec.kind)},
           {"seed", display_.has_pauses() ? Json(spec.seed) : Json(nullptr)},
           {"task_count", spec.is_open ? Json(nullptr) : Json(spec.task_count)},
           {"collection_method", to_string(spec.method)},
           {"version", cli::version()},
           {"endpoint", place.endpoint},
           {"control", place.control.empty() ? Json(nullptr) : Json(place.control)}});
  }

  void input_ended(Instant now) override {
    const std::string& error = records_.input_error;
    write({{"event", "input_ended"},
           {"time", time(now)},
           {"task_count", records_.spec.task_count},
           {"error", error.empty() ? Json(nullptr) : Json(error)}});
  }

  /// Once for each session: it may join again, and a resumed run names sessions of earlier epochs
  /// that join later or not at all.
  void worker_joined(Instant now, SessionIndex session) override {
    if (index(session) >= has_joined_.size()) has_joined_.resize(index(session) + 1);
    if (has_joined_[index(session)]) return;
    has_joined_[index(session)] = true;
    const SessionRecord& record = records_.sessions[index(session)];
    write({{"event", "worker_joined"},
           {"time", time(now)},
           {"worker", rows_.name_of(session)},
           {"name", record.name},
           {"host", record.host},
           {"pid", record.pid},
           {"slots", record.slots > 0 ? Json(record.slots) : Json(nullptr)}});
  }

  void worker_left(Instant now, SessionIndex session, std::uint64_t returned) override {
    worker_joined(now, session);
    const SessionRecord& record = records_.sessions[index(session)];
    const bool lost = record.end == SessionEnd::lost;
    Json event = {{"event", lost ? "worker_lost" : "worker_left"},
                  {"time", time(now)},
                  {"worker", rows_.name_of(session)},
                  {"returned", returned}};
    if (lost) event["reason"] = record.end_reason;
    write(event);
  }

  void tasks_started(Instant now, SessionIndex session, std::span<const TaskId> tasks) override {
    if (!tasks.empty()) worker_joined(now, session);
    const std::string begin = beginning_of("started", now) + R"("task":)";
    for (const TaskId task : tasks) {
      text() += begin;
      append_number(text(), index(task));
      text() += R"(,"attempt":)";
      append_number(text(), records_.attempt[index(task)]);
      text() += R"(,"worker":")";
      text() += rows_.name_of(session);
      text() += "\"}\n";
    }
  }

  void attempts_failed(Instant now, SessionIndex session, const OutcomeColumns& outcomes,
                       std::span<const std::uint32_t> rows) override {
    if (!rows.empty()) worker_joined(now, session);
    for (const std::uint32_t row : rows) {
      Json event = {{"event", "attempt_failed"},
                    {"time", time(now)},
                    {"task", index(outcomes.task[row])},
                    {"attempt", records_.attempt[index(outcomes.task[row])]},
                    {"worker", rows_.name_of(session)},
                    {"outcome", to_string(outcomes.outcome[row])},
                    {"elapsed_seconds", to_seconds(outcomes.elapsed[row])}};
      display_.add_failure_members(event, outcomes, row);
      write(event);
    }
  }

  void append_outcomes(Instant now, std::size_t first, std::size_t count) override {
    const bool has_more = !display_.columns().empty();
    const std::string begin = beginning_of("done", now);
    for (std::size_t record = first; record < first + count; ++record) {
      if (const auto& session = batch_.of(record).session) worker_joined(now, *session);
      text() += begin;
      rows_.append_json_members(text(), record);
      if (has_more) display_.append_event_members(text(), record);
      text() += "}\n";
    }
  }

  void finished(const Summary& summary, std::span<const std::uint32_t>) override {
    Json event = {{"event", "summary"}, {"time", time(last_advance())}};
    event.update(run_document(records_, summary, display_));
    write(event);
  }

 private:
  std::string time(Instant at) const { return utc_text(at.time_since_epoch() + clock_); }
  /// Events of many tasks at once share their time.
  std::string beginning_of(std::string_view event, Instant now) const {
    return fmt::format(R"({{"event":"{}","time":"{}",)", event, time(now));
  }
  void write(const Json& event) {
    text() += dump(event);
    text() += '\n';
  }

  const RunRecords& records_;
  const KindDisplay& display_;
  RowWriter rows_;
  BatchCursor batch_;
  std::vector<bool> has_joined_;  ///< by session: the stream has named it
  Duration clock_{};              ///< RunPlace::clock
};

}  // namespace

std::unique_ptr<Output> make_json_output(const RunRecords& records, int fd,
                                         const KindDisplay& display) {
  return std::make_unique<JsonOutput>(records, fd, display);
}

std::unique_ptr<Output> make_jsonl_output(const RunRecords& records, int fd,
                                          const KindDisplay& display) {
  return std::make_unique<JsonlOutput>(records, fd, display);
}

}  // namespace rollcall::coordinator
