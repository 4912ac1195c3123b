#include <vector>

#include "common/model/decimal.h"
#include "coordinator/core/analysis/batch_cursor.h"
#include "coordinator/output/format/row.h"
#include "coordinator/output/format/run_document.h"
#include "coordinator/output/output.h"
#include "coordinator/output/stream_output.h"

namespace rollcall::coordinator {
namespace {

using Json = nlohmann::ordered_json;

/// One document when the run is over.
class JsonOutput final : public StreamOutput {
 public:
  JsonOutput(const RunRecords& records, int fd, const KindDisplay& display)
      : StreamOutput(fd), records_(records), display_(display) {}

  void worker_joined(SessionIndex) override {}
  void worker_left(SessionIndex, std::uint64_t) override {}
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
        batch_(records) {
    const RunSpec& spec = records.spec;
    write({{"event", "run_started"},
           {"schema", "rollcall/events/1"},
           {"run_id", to_hex(spec.id.bytes)},
           {"kind", to_string(spec.kind)},
           {"seed", display.has_pauses() ? Json(spec.seed) : Json(nullptr)},
           {"task_count", spec.task_count},
           {"collection_method", to_string(spec.method)}});
  }

  /// Once for each session: it may join again, and a resumed run names sessions of earlier epochs
  /// that join later or not at all.
  void worker_joined(SessionIndex session) override {
    if (index(session) >= has_joined_.size()) has_joined_.resize(index(session) + 1);
    if (has_joined_[index(session)]) return;
    has_joined_[index(session)] = true;
    const SessionRecord& record = records_.sessions[index(session)];
    write({{"event", "worker_joined"},
           {"worker", rows_.name_of(session)},
           {"name", record.name},
           {"host", record.host},
           {"pid", record.pid},
           {"slots", record.slots > 0 ? Json(record.slots) : Json(nullptr)}});
  }

  void worker_left(SessionIndex session, std::uint64_t returned) override {
    worker_joined(session);
    const SessionRecord& record = records_.sessions[index(session)];
    const bool lost = record.end == SessionEnd::lost;
    Json event = {{"event", lost ? "worker_lost" : "worker_left"},
                  {"worker", rows_.name_of(session)},
                  {"returned", returned}};
    if (lost) event["reason"] = record.end_reason;
    write(event);
  }

  void tasks_started(Instant, SessionIndex session, std::span<const TaskId> tasks) override {
    if (!tasks.empty()) worker_joined(session);
    for (const TaskId task : tasks) {
      text() += R"({"event":"started","task":)";
      append_number(text(), index(task));
      text() += R"(,"attempt":)";
      append_number(text(), records_.attempt[index(task)]);
      text() += R"(,"worker":")";
      text() += rows_.name_of(session);
      text() += "\"}\n";
    }
  }

  void append_outcomes(Instant, std::size_t first, std::size_t count) override {
    const bool has_more = !display_.columns().empty();
    for (std::size_t record = first; record < first + count; ++record) {
      if (const auto& session = batch_.of(record).session) worker_joined(*session);
      text() += R"({"event":"done",)";
      rows_.append_json_members(text(), record);
      if (has_more) display_.append_event_members(text(), record);
      text() += "}\n";
    }
  }

  void finished(const Summary& summary, std::span<const std::uint32_t>) override {
    Json event = {{"event", "summary"}};
    event.update(run_document(records_, summary, display_));
    write(event);
  }

 private:
  void write(const Json& event) {
    text() += dump(event);
    text() += '\n';
  }

  const RunRecords& records_;
  const KindDisplay& display_;
  RowWriter rows_;
  BatchCursor batch_;
  std::vector<bool> has_joined_;  ///< by session: the stream has named it
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
