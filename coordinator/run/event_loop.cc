#include "coordinator/run/event_loop.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "common/base/check.h"
#include "common/limits.h"
#include "common/os/clock.h"
#include "common/os/memory.h"
#include "coordinator/access/endpoints.h"
#include "coordinator/control/path.h"

namespace rollcall::coordinator {
namespace {

template <class T>
void fault_in(const std::vector<T>& column) {
  os::fault_in(column.data(), column.capacity() * sizeof(T));
}

}  // namespace

Coordinator::Coordinator(Scheduler& scheduler, Output& output, ProgressWriter& progress,
                         RunStart& start, const Listening& listening,
                         const LocalWorkers::Settings& workers, ExecRun* exec)
    : scheduler_(scheduler),
      output_(output),
      progress_(progress),
      start_(start),
      exec_(exec),
      listening_(listening),
      desk_(scheduler, [this](const Event& event) { step(event); }),
      local_workers_(loop_, workers,
                     [this](std::uint32_t launch_id, const std::string& how) {
                       on_worker_gone({launch_id, how});
                     }),
      timer_(loop_),
      signals_(loop_, SIGINT, SIGTERM) {
  ::signal(SIGPIPE, SIG_IGN);  // a reader that has gone is seen as a failed write
  ::signal(SIGXFSZ, SIG_IGN);  // and a file that may not grow, too
}

Coordinator::~Coordinator() {
  if (!listening_.access_file.empty() && socket_) {
    remove_access_file(listening_.access_file, others_access_);
  }
}

Result<void> Coordinator::listen() {
  net::BindOptions options;
  options.endpoint = listening_.bind;
  Access access;
  RunKeys keys;
  if (start_.keys) {
    options.endpoint = start_.keys->bind;
    keys = start_.keys->keys;
  } else if (listening_.encrypted) {
    keys = listening_.keys ? *listening_.keys : make_run_keys("");
  }
  if (listening_.encrypted) {
    options.curve = keys.coordinator;
    access = access_of(keys);
    auto zap = net::ZapHandler::start(context_, {access.worker_public_key});
    if (!zap) return zap.error();
    zap_ = std::move(*zap);
  }
  auto socket = net::Socket::bind(
      loop_, context_, options,
      {[this](ConnectionId from, std::span<const std::byte> bytes) { on_message(from, bytes); },
       [this](bool inbox_empty) { end_turn(inbox_empty); }});
  if (!socket) return socket.error();
  if (auto answers = answer_health_checks(); !answers) return answers;
  if (auto opened = open_control_socket(); !opened) return opened;
  local_access_ = others_access_ = access;
  local_access_.endpoint = endpoint_for_local_workers((*socket)->endpoint());
  if (access.endpoint.empty() || !listening_.advertise.empty()) {
    others_access_.endpoint =
        endpoint_for_others((*socket)->endpoint(), listening_.advertise, host_name());
  }
  keys.endpoint = others_access_.endpoint;
  if (auto kept = keep_keys((*socket)->endpoint(), keys); !kept) return kept;
  if (!listening_.access_file.empty()) {
    if (auto written = write_access_file(listening_.access_file, others_access_); !written) {
      return written.error();
    }
    spdlog::info("workers may join with {} at {}", listening_.access_file, others_access_.endpoint);
  }
  socket_ = std::move(*socket);
  return {};
}

/// Ready: a worker that comes now may join.
Result<void> Coordinator::answer_health_checks() {
  if (listening_.http.empty()) return {};
  auto health = net::HttpHealth::listen(loop_, listening_.http,
                                        [this] { return socket_ != nullptr && !kill_workers_at_; });
  if (!health) return permanent("--http: " + health.error().message);
  health_ = std::move(*health);
  spdlog::info("health checks are answered at {}", health_->url());
  return {};
}

/// One that nobody asked for is no reason not to run.
Result<void> Coordinator::open_control_socket() {
  std::string path = listening_.control;
  Result<void> made;
  if (path.empty()) {
    const std::filesystem::path directory = control_directory(std::getenv);
    made = make_control_directory(directory);
    path = control_path_in(directory).string();
  }
  if (made) {
    auto control = ControlSocket::listen(
        loop_, path, [this](const std::string& line) { return answer_control(line); });
    if (control) {
      control_ = std::move(*control);
      return {};
    }
    made = control.error();
  }
  if (!listening_.control.empty()) return permanent("--control: " + made.error().message);
  spdlog::debug("no control socket: {}", made.error().message);
  return {};
}

std::string Coordinator::answer_control(const std::string& line) {
  std::string answer = desk_.answer(os::now(), line);
  socket_->drain();
  return answer;
}

void Coordinator::run() {
  CHECK(socket_ != nullptr);
  wait_for_signal();
  if (start_.journal) {
    JournalWriter::Handlers handlers;
    handlers.committed = [this](const CommittedSoFar& kept) {
      step(Committed{kept.commits});
      socket_->drain();
    };
    handlers.trouble = [this](const std::string& text, bool is_disk_full) {
      progress_.hide();
      spdlog::error("{}{}", text, is_disk_full ? "; results are taken in when there is room" : "");
      if (is_disk_full) return;
      journal_error_ = text;
      leave();
    };
    handlers.recovered = [] { spdlog::warn("the journal can be written again"); };
    writer_ = std::make_unique<JournalWriter>(loop_, *start_.journal, std::move(handlers));
  }
  step(ListeningStarted{});
  look_for_local_workers();
  // While the workers start. Later it would hold up those that have work to report.
  const RunRecords& records = scheduler_.records();
  fault_in(records.task);
  fault_in(records.started);
  fault_in(records.elapsed);
  socket_->drain();
  loop_.run();
  if (writer_) writer_->stop();
}

/// So that the next coordinator of this run is found where this one is.
Result<void> Coordinator::keep_keys(const std::string& bound, const RunKeys& keys) {
  if (!start_.journal) return {};
  return write_journal_keys(start_.journal_path, {bound, keys});
}

/// Local workers of an earlier epoch that are gone need not be waited for, and those that are lost
/// and still there must not be left behind.
void Coordinator::look_for_local_workers() {
  if (!start_.kept) return;
  const std::vector<SessionRecord>& sessions = scheduler_.records().sessions;
  for (std::uint32_t s = 0; s < sessions.size(); ++s) {
    if (!adopt(sessions[s])) step(WorkerVanished{SessionIndex{s}});
  }
}

/// Looks after the session's process, if it is a local worker of an earlier epoch. False: it is one
/// that has gone.
bool Coordinator::adopt(const SessionRecord& session) {
  if (!start_.kept || !session.is_local || session.host != host_name()) return true;
  std::vector<pid_t> coordinators;
  for (const EpochRecord& epoch : start_.kept->epochs) {
    coordinators.push_back(static_cast<pid_t>(epoch.start.pid));
  }
  return local_workers_.adopt(static_cast<pid_t>(session.pid), coordinators,
                              [this, process = session.pid] { on_adopted_gone(process); });
}

void Coordinator::on_adopted_gone(std::uint32_t process) {
  const std::vector<SessionRecord>& sessions = scheduler_.records().sessions;
  for (std::uint32_t s = 0; s < sessions.size(); ++s) {
    const SessionRecord& session = sessions[s];
    if (session.is_local && session.pid == process && session.host == host_name()) {
      step(WorkerVanished{SessionIndex{s}});
    }
  }
  stop_when_done();
  socket_->drain();
}

/// Ends without a word to anybody: workers wait for the next coordinator.
void Coordinator::leave() {
  local_workers_.release();
  loop_.stop();
}

void Coordinator::on_message(ConnectionId from, std::span<const std::byte> bytes) {
  if (!std::holds_alternative<MessageReceived>(received_)) received_ = MessageReceived{};
  auto& event = std::get<MessageReceived>(received_);
  event.from = from;
  if (auto decoded = codec_.decode(bytes, event.message); !decoded) {
    const bool version = event.message.header.protocol < kOldestProtocolVersion ||
                         event.message.header.protocol > kProtocolVersion;
    const RejectReason reason =
        version ? RejectReason::protocol_version : RejectReason::bad_message;
    return step(MalformedReceived{from, event.message.header, reason, decoded.error().message});
  }
  step(received_);
}

void Coordinator::on_worker_gone(const LocalWorkerExited& event) {
  step(event);
  stop_when_done();
  if (socket_) socket_->drain();
}

void Coordinator::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code error, int number) {
    if (!error) on_signal(number);
  });
}

/// Commands may end, or be ended, before the program does; with a journal they go on.
void Coordinator::on_signal(int number) {
  const bool lets_commands_end = exec_ != nullptr && !start_.journal;
  ++signals_came_;
  if (signals_came_ > (lets_commands_end ? 2 : 1)) {
    interrupted_ = true;
    if (start_.journal) local_workers_.release();
    return loop_.stop();
  }
  if (signal_ == 0) signal_ = number;
  wait_for_signal();
  step(StopRequested{lets_commands_end && signals_came_ == 1});
  socket_->drain();
}

const std::string& Coordinator::output_error() const {
  return exec_ != nullptr && !exec_->failed().empty() ? exec_->failed() : output_.failed();
}

/// Commands whose output goes nowhere are not run.
void Coordinator::stop_for_output_error() {
  if (exec_ == nullptr || stops_for_output_ || kill_workers_at_ || output_error().empty()) return;
  stops_for_output_ = true;
  step(StopRequested{!start_.journal});
  socket_->drain();
}

void Coordinator::step(const Event& event) {
  actions_.clear();
  const std::size_t before = scheduler_.records().accepted();
  scheduler_.step(os::now(), event, actions_);
  if (exec_ != nullptr && &event == &received_) {
    auto& body = std::get<MessageReceived>(received_).message.body;
    if (auto* report = std::get_if<Report>(&body)) {
      exec_->results().add_accepted(scheduler_.records(), before, report->outcomes);
    }
  }
  for (Action& action : actions_) perform(action);
}

void Coordinator::keep(const WriteCommit& action) {
  // What a slow reader has not taken is told again by the next coordinator.
  output_.flush();
  const std::uint64_t printed = output_.printed();
  if (exec_ == nullptr && printed >= action.commit->counters.published) {
    return writer_->enqueue(action.commit);
  }
  const std::shared_ptr<Commit>& commit = action.commit;
  commit->counters.published = std::min(commit->counters.published, printed);
  if (exec_ != nullptr) {
    commit->commands = exec_->results().for_commit(commit->first_record, commit->outcome_count());
  }
  writer_->enqueue(commit);
}

void Coordinator::publish(const PublishOutcomes& outcomes) {
  if (exec_ == nullptr) {
    return output_.outcomes_accepted(os::now(), outcomes.first, outcomes.count);
  }
  progress_.hide();  // their standard error may go to the same terminal
  exec_->publish(scheduler_.records(), outcomes.first, outcomes.count);
  output_.outcomes_accepted(os::now(), outcomes.first, outcomes.count);
  exec_->results().mark_published(outcomes.first + outcomes.count);
}

void Coordinator::perform(Action& action) {
  const Instant now = os::now();
  std::visit(
      [&](auto& a) {
        using A = std::decay_t<decltype(a)>;
        if constexpr (std::is_same_v<A, Send>) {
          auto* assignment = std::get_if<Assignment>(&a.message.body);
          if (exec_ != nullptr && assignment != nullptr) exec_->fill(assignment->attempts);
          codec_.encode(a.message, bytes_);
          if (!socket_->send(a.to, bytes_)) spdlog::debug("a connection is gone");
        } else if constexpr (std::is_same_v<A, StartLocalWorker>) {
          start_local_worker(a.launch_id);
        } else if constexpr (std::is_same_v<A, WriteCommit>) {
          keep(a);
        } else if constexpr (std::is_same_v<A, PublishStarted>) {
          if (!a.tasks.empty()) output_.tasks_started(now, a.session, a.tasks);
        } else if constexpr (std::is_same_v<A, PublishOutcomes>) {
          publish(a);
        } else if constexpr (std::is_same_v<A, PublishJoined>) {
          output_.worker_joined(a.session);
          // One that the journal does not know yet; if it has gone already, silence will tell.
          static_cast<void>(adopt(scheduler_.records().sessions[index(a.session)]));
        } else if constexpr (std::is_same_v<A, PublishLeft>) {
          output_.worker_left(a.session, a.returned);
        } else if constexpr (std::is_same_v<A, Log>) {
          progress_.hide();
          spdlog::log(a.level == LogLevel::warning ? spdlog::level::warn
                      : a.level == LogLevel::info  ? spdlog::level::info
                                                   : spdlog::level::debug,
                      a.text);
        } else if constexpr (std::is_same_v<A, FinishRun>) {
          progress_.finish();
          kill_workers_at_ = now + limits::shutdown;
        } else {
          static_assert(std::is_same_v<A, End>);
          ended_ = true;
          if (scheduler_.suspended()) return leave();
          stop_when_done();
        }
      },
      action);
}

void Coordinator::start_local_worker(std::uint32_t launch_id) {
  Access access = local_access_;
  access.launch_id = launch_id;
  if (auto started = local_workers_.start(access); !started) {
    boost::asio::post(loop_, [this, launch_id, why = started.error().message] {
      on_worker_gone({launch_id, why, /*started=*/false});
    });
  }
}

void Coordinator::end_turn(bool inbox_empty) {
  step(TurnEnded{inbox_empty});
  output_.advance(os::now());
  output_.flush();
  stop_for_output_error();
  progress_.advance(os::now());
  arm_timer();
}

/// One timer for all that waits. A timer that fires only makes the inbox be drained; the scheduler
/// sees the time when that is done.
void Coordinator::arm_timer() {
  std::optional<Instant> next = scheduler_.next_deadline();
  const auto earlier = [&next](Instant deadline) {
    if (!next || deadline < *next) next = deadline;
  };
  if (output_.next_deadline() != kNever) earlier(output_.next_deadline());
  if (progress_.next_deadline() != kNever) earlier(progress_.next_deadline());
  if (kill_workers_at_ && local_workers_.running() > 0) earlier(*kill_workers_at_);
  if (next == armed_for_) return;
  armed_for_ = next;
  if (!next) return;
  timer_.expires_after(std::max(*next - os::now(), Duration::zero()));
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    armed_for_.reset();
    if (kill_workers_at_ && os::now() >= *kill_workers_at_) {
      local_workers_.kill_all();
      *kill_workers_at_ += limits::shutdown;
    }
    socket_->drain();
  });
}

/// The scheduler is through and no local worker is left.
void Coordinator::stop_when_done() {
  if (ended_ && local_workers_.running() == 0) loop_.stop();
}

}  // namespace rollcall::coordinator
