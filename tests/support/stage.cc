#include "tests/support/stage.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/cli/duration_text.h"
#include "tests/support/describe.h"

namespace rollcall::coordinator {

using std::to_string;

Stage::Worker& Stage::worker(int number) {
  const auto [found, is_new] = workers_.try_emplace(number);
  if (is_new) {
    found->second.connection = static_cast<ConnectionId>(number);
    found->second.secret.bytes.fill(static_cast<std::uint8_t>(number));
  }
  return found->second;
}

std::uint64_t Stage::Worker::started() const {
  if (!starts) return 0;
  if (slots == 0) return attempts;
  std::uint64_t begun = 0;
  for (std::size_t place = 0; place < places.size(); ++place) {
    if (places[place] == kNobody) continue;
    if (begun++ == ended + slots) return place;
  }
  return attempts;
}

void Stage::Worker::return_unstarted(TaskId task) {
  const auto last = std::find(places.rbegin(), places.rend(), task);
  if (last != places.rend()) *last = kNobody;
}

Header Stage::header(int number) {
  return {kProtocolVersion, records().spec.id, epoch_, session_of(worker(number).secret)};
}

void Stage::at(std::int64_t ms) {
  const Instant until = instant_from_ns((ms + 1'000) * 1'000'000);
  for (auto next = scheduler_->next_deadline(); next && *next <= until;
       next = scheduler_->next_deadline()) {
    now_ms_ = std::max(now_ms_, to_ns(*next) / 1'000'000 - 1'000);
    turn();
  }
  now_ms_ = ms;
}

void Stage::step(const Event& event) {
  Actions actions;
  scheduler_->step(now(), event, actions);
  scheduler_->check_invariants();
  for (const Action& action : actions) {
    // Lines that are logged only if they are repeated often are left out.
    const auto* log = std::get_if<Log>(&action);
    if (log == nullptr || !log->is_usual) lines_.push_back({now_ms_, line_of(action)});
    if (const auto* send = std::get_if<Send>(&action)) delivered(send->to, send->message);
    if (const auto* keep = std::get_if<WriteCommit>(&action)) commits_.push_back(keep->commit);
    ended_ |= std::holds_alternative<End>(action);
    if (log != nullptr) logs_.push_back(*log);
  }
}

void Stage::drain(const std::vector<std::uint32_t>& sessions, DrainMode mode) {
  DrainRequested request{{}, mode};
  for (const std::uint32_t s : sessions) request.sessions.push_back(SessionIndex{s});
  give(request);
}

void Stage::turn(bool inbox_empty) {
  step(TurnEnded{inbox_empty, room, printed});
}

void Stage::give(const Event& event) {
  step(event);
  turn();
}

void Stage::send(ConnectionId from, const Header& header, WorkerBody body) {
  give(MessageReceived{from, {header, std::move(body)}});
}

void Stage::send(int number, WorkerBody body) {
  send(worker(number).connection, header(number), std::move(body));
}

void Stage::hello(int number, std::uint32_t slots, std::uint64_t nonce, std::uint32_t launch_id) {
  Hello hello;
  hello.secret = worker(number).secret;
  hello.nonce = nonce;
  hello.name = "w" + to_string(number);
  hello.host = "host";
  hello.slots = worker(number).slots = slots;
  hello.launch_id = launch_id;
  hello.processors = 2;
  hello.command_slots = worker(number).command_slots;
  hello.kinds = worker(number).kinds;
  hello.features = worker(number).features;
  Header header;
  header.session = session_of(hello.secret);
  send(worker(number).connection, header, std::move(hello));
}

void Stage::inventory(int number, std::uint64_t nonce) {
  Inventory inventory;
  inventory.nonce = nonce;
  inventory.assignments_received = worker(number).got;
  send(number, inventory);
}

void Stage::heartbeat(int number, bool draining) {
  Heartbeat heartbeat;
  heartbeat.draining = draining;
  heartbeat.assignments_received = worker(number).got;
  heartbeat.started_count = worker(number).started();
  send(number, heartbeat);
}

void Stage::report(int number, std::uint64_t report_number, const std::vector<Ended>& ended) {
  Worker& from = worker(number);
  Report report;
  report.number = report_number;
  report.assignments_received = from.got;
  for (const Ended& group : ended) {
    for (const std::uint32_t task : group.tasks) {
      const TaskId id = task_at(task);
      const bool succeeded = group.outcome == Outcome::succeeded;
      const Duration pause = records().spec.pause(id);
      report.outcomes.push_back(id, from.attempt[id], group.outcome, now() - pause, pause,
                                succeeded ? pause : Duration::zero());
    }
  }
  if (from.reports < report_number) {  // else it is sent again
    from.reports = report_number;
    for (std::size_t i = 0; i < report.outcomes.size(); ++i) {
      const bool is_returned = report.outcomes.outcome[i] == Outcome::returned;
      if (is_returned) from.return_unstarted(report.outcomes.task[i]);
      from.ended += is_returned ? 0 : 1;
    }
  }
  report.started_count = from.started();
  send(number, std::move(report));
}

void Stage::committed(std::uint64_t commit) {
  committed_ = commits_before_ + commit;
  give(Committed{commit});
}

void Stage::crash(const std::vector<FoundOutput>& found) {
  commits_.resize(committed_);
  commits_before_ = committed_;
  Replay replay(spec_);
  for (const auto& commit : commits_) CHECK(replay.apply(*commit));
  const std::uint64_t published = commits_.empty() ? 0 : commits_.back()->counters.published;
  scheduler_ = std::make_unique<Scheduler>(replay.take(), published, policy_, ++epoch_);
  if (!found.empty()) step(OutputFound{found});
  listen();
}

void Stage::inventory_of(int number, std::uint64_t nonce, const std::vector<std::uint32_t>& tasks,
                         std::uint64_t begun, const ListedOutput& output) {
  Inventory inventory;
  inventory.nonce = nonce;
  inventory.assignments_received = worker(number).got;
  inventory.started_count = worker(number).started();
  inventory.begun = begun;
  inventory.list = 1;
  inventory.is_last_part = true;
  for (const std::uint32_t task : tasks) {
    inventory.held.task.push_back(task_at(task));
    inventory.held.attempt.push_back(worker(number).attempt[task_at(task)]);
  }
  inventory.output = output;
  send(number, std::move(inventory));
}

void Stage::goodbye(int number, std::uint64_t reports, std::uint64_t outcomes) {
  send(number, Goodbye{reports, outcomes, 0, 0});
}

void Stage::malformed(int number, RejectReason reason, const std::string& text) {
  give(MalformedReceived{worker(number).connection, header(number), reason, text});
}

void Stage::delivered(ConnectionId to, const CoordinatorMessage& message) {
  const auto* assignment = std::get_if<Assignment>(&message.body);
  for (auto& [number, worker] : workers_) {
    if (assignment == nullptr || worker.connection != to || !worker.reached) continue;
    if (assignment->number != worker.got + 1) continue;
    ++worker.got;
    worker.attempts += assignment->attempts.size();
    for (std::size_t i = 0; i < assignment->attempts.size(); ++i) {
      worker.attempt[assignment->attempts.task[i]] = assignment->attempts.attempt[i];
      worker.places.push_back(assignment->attempts.task[i]);
    }
  }
}

std::vector<Stage::Line> Stage::take_lines() {
  return std::exchange(lines_, {});
}

std::vector<std::string> Stage::take() {
  std::vector<std::string> texts;
  for (Line& line : take_lines()) texts.push_back(std::move(line.text));
  return texts;
}

std::string Stage::name_of(ConnectionId connection) const {
  for (const auto& [number, worker] : workers_) {
    if (worker.connection == connection) return "w" + to_string(number);
  }
  return "connection " + to_string(static_cast<std::uint32_t>(connection));
}

std::string Stage::name_of(SessionIndex session) const {
  return records().sessions[index(session)].name;
}

std::string Stage::describe(const SessionAttempt& attempt) const {
  return name_of(attempt.session) + ", task " + to_string(index(attempt.task)) + ", attempt " +
         to_string(attempt.attempt);
}

std::string Stage::line_of(const Action& action) {
  if (const auto* send = std::get_if<Send>(&action)) {
    return name_of(send->to) + " <- " + rollcall::describe(send->message);
  }
  if (const auto* start = std::get_if<StartLocalWorker>(&action)) {
    return "start local worker, launch id " + to_string(start->launch_id);
  }
  if (const auto* kill = std::get_if<KillLocalWorker>(&action)) {
    return "kill local worker " + name_of(kill->session);
  }
  if (const auto* started = std::get_if<PublishStarted>(&action)) {
    return name_of(started->session) + " has started " + rollcall::describe(started->tasks);
  }
  if (const auto* failed = std::get_if<PublishFailed>(&action)) {
    std::string line = name_of(failed->session) + " failed, to be retried: outcomes";
    for (const std::uint32_t row : failed->rows) line += " " + to_string(row);
    return line;
  }
  if (const auto* outcomes = std::get_if<PublishOutcomes>(&action)) {
    std::string line = "results:";
    for (std::size_t i = outcomes->first; i < outcomes->first + outcomes->count; ++i) {
      const TaskId task = records().task[i];
      line += (i == outcomes->first ? " " : ", ") + to_string(index(task)) + " " +
              std::string(rollcall::to_string(records().outcome_of(task)));
    }
    return line;
  }
  if (std::holds_alternative<PublishInputEnded>(action)) return "the input has ended";
  if (const auto* joined = std::get_if<PublishJoined>(&action)) {
    return name_of(joined->session) + " has joined";
  }
  if (const auto* left = std::get_if<PublishLeft>(&action)) {
    const SessionRecord& record = records().sessions[index(left->session)];
    const std::string how =
        record.end == SessionEnd::lost ? "lost: " + record.end_reason : "said goodbye";
    return record.name + " has left (" + how + "), " + to_string(left->returned) + " returned";
  }
  if (const auto* back = std::get_if<PublishBack>(&action)) {
    return name_of(back->session) + " is back after " + format_brief(back->silent);
  }
  if (const auto* keep = std::get_if<WriteCommit>(&action)) {
    return "commit " + to_string(keep->number) + ": " + to_string(keep->commit->outcome_count()) +
           " outcomes, " + to_string(keep->commit->sessions.size()) + " new sessions";
  }
  if (const auto* take = std::get_if<TakeOutput>(&action)) {
    std::string line = "take output of " + name_of(take->session) + ":";
    for (const bool is_taken : take->is_taken) line += is_taken ? " yes" : " no";
    return line;
  }
  if (const auto* drop = std::get_if<DropOutput>(&action)) {
    return "drop output of " + describe(drop->attempt);
  }
  if (const auto* cut = std::get_if<CutOutput>(&action)) {
    return "cut output of " + describe(cut->attempt) + " at " + to_string(cut->bytes);
  }
  if (const auto* keep = std::get_if<KeepOutput>(&action)) {
    std::string line = "keep output of";
    for (const SessionAttempt& attempt : keep->attempts) line += " (" + describe(attempt) + ")";
    return line;
  }
  if (const auto* early = std::get_if<PrintEarly>(&action)) {
    return "print output early of " + describe(early->attempt);
  }
  if (const auto* stuck = std::get_if<OutputStuck>(&action)) return "output stuck: " + stuck->why;
  if (const auto* log = std::get_if<Log>(&action)) return "log: " + log->text;
  return std::holds_alternative<FinishRun>(action) ? "the run is finished" : "the end";
}

}  // namespace rollcall::coordinator
