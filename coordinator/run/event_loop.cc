#include "coordinator/run/event_loop.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <utility>

#include "common/base/check.h"
#include "common/cli/log.h"
#include "common/limits.h"
#include "common/os/clock.h"
#include "common/os/memory.h"
#include "common/os/signals_blocked.h"
#include "common/wire/envelope.h"
#include "coordinator/access/access_file.h"
#include "coordinator/access/endpoints.h"
#include "coordinator/control/client.h"
#include "coordinator/control/limits.h"
#include "coordinator/control/path.h"
#include "coordinator/core/analysis/batch_cursor.h"
#include "coordinator/run/session_lines.h"

namespace rollcall::coordinator {
namespace {

template <class T>
void fault_in(const std::vector<T>& column) {
  os::fault_in(column.data(), column.capacity() * sizeof(T));
}

/// As nohup does with SIGHUP.
bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

EventLoop::EventLoop(Scheduler& scheduler, TaskKind& kind, Output& output, ProgressWriter& progress,
                     RunStart& start, const Listening& listening,
                     const LocalWorkers::Settings& workers)
    : scheduler_(scheduler),
      kind_(kind),
      output_(output),
      progress_(progress),
      start_(start),
      listening_(listening),
      followers_(scheduler, kind, start.journal ? start.journal_path : std::string()),
      desk_(
          scheduler, [this](const Event& event) { step(event); },
          [this](TaskId task) { return kind_.display().command(task); },
          [this](TaskId task) { return followers_.follow(task); }),
      local_workers_(
          loop_, workers,
          [this](std::uint32_t launch_id, const std::string& how) {
            on_worker_gone({launch_id, how});
          },
          [this](std::string_view text) {
            progress_.hide();
            std::fwrite(text.data(), 1, text.size(), stderr);
          }),
      timer_(loop_),
      signals_(loop_, SIGINT, SIGTERM, SIGQUIT),
      signal_policy_(kind.waits_for_running(), kind.options().leave_running) {
  ::signal(SIGPIPE, SIG_IGN);  // a closed reader shows as a failed write
  if (!is_ignored(SIGHUP)) signals_.add(SIGHUP);
}

Result<void> EventLoop::listen() {
  auto bound = JoinPoint::bind(loop_, listening_, start_.keys, socket_handlers());
  if (!bound) return bound.error();
  if (auto answers = answer_health_checks(); !answers) return answers;
  const std::filesystem::path directory = control_directory(std::getenv);
  // With a journal, the run may be resumed, and the next coordinator replaces the file.
  const bool notes_file = !listening_.access_file.empty() && !start_.journal;
  Result<void> has_directory;
  if (listening_.control.empty() || notes_file) has_directory = make_control_directory(directory);
  if (has_directory) {
    remove_dead_sockets(directory);
    AccessFile::remove_dead(directory);
  }
  if (auto opened = open_control_socket(directory, has_directory); !opened) return opened;
  if (start_.journal) {
    if (auto saved = (*bound)->save_keys(start_.journal_path); !saved) return saved;
  }
  const bool can_note = notes_file && has_directory;
  auto written = (*bound)->write_access_file(can_note ? directory : std::filesystem::path());
  if (!written) return written;
  join_point_ = std::move(*bound);
  start_output();
  return {};
}

net::Handlers EventLoop::socket_handlers() {
  net::Handlers handlers;
  handlers.on_message = [this](ConnectionId from, std::span<const std::byte> bytes) {
    on_message(from, bytes);
  };
  handlers.on_turn = [this](bool inbox_empty) { end_turn(inbox_empty); };
  handlers.on_dropped = [this](std::optional<ConnectionId> from, const std::string& why) {
    on_dropped(from, why);
  };
  handlers.on_refused = [this](const std::string& address, const std::string& why) {
    log_of(ConnectionId{}, LogLine("refused a connection")
                               .add("peer", address.empty() ? "unknown" : address)
                               .add("cause", why));
  };
  handlers.on_closed = [this](ConnectionId connection) { on_closed(connection); };
  return handlers;
}

/// Ready means that a worker may join.
Result<void> EventLoop::answer_health_checks() {
  if (listening_.http.empty()) return {};
  auto health = net::HttpHealth::listen(loop_, listening_.http,
                                        [this] { return join_point_ && !kill_workers_at_; });
  if (!health) return permanent("--http: " + health.error().message);
  health_ = std::move(*health);
  write_log(Severity::info, LogLine("answering health checks").add("url", health_->url()));
  return {};
}

/// Errors are fatal only if --control was given.
Result<void> EventLoop::open_control_socket(const std::filesystem::path& directory,
                                            Result<void> opened) {
  const bool is_chosen = !listening_.control.empty();
  if (is_chosen) opened = {};
  if (opened) {
    const std::string path = is_chosen ? listening_.control : control_path_in(directory).string();
    auto control = ControlSocket::listen(
        loop_, path, [this](const std::string& line) { return answer_control(line); });
    if (control) {
      control_ = std::move(*control);
      control_path_ = path;
      return {};
    }
    opened = control.error();
  }
  if (is_chosen) return permanent("--control: " + opened.error().message);
  write_log(Severity::debug, "no control socket: " + opened.error().message);
  return {};
}

RunPlace EventLoop::place() const {
  return {os::unix_time() - os::now().time_since_epoch(), join_point_->endpoint(), control_path_};
}

void EventLoop::drain() {
  join_point_->socket().drain();
}

ControlAnswer EventLoop::answer_control(const std::string& line) {
  ControlAnswer answer = desk_.answer(os::now(), line);
  drain();
  return answer;
}

void EventLoop::run() {
  CHECK(join_point_ != nullptr);
  wait_for_signal();
  saved_ = scheduler_.records().accepted();
  output_.thread().notify([this] { boost::asio::post(loop_, [this] { drain(); }); });
  if (start_.journal) {
    JournalWriter::Handlers handlers;
    handlers.committed = [this](const CommittedSoFar& written) {
      saved_ = written.records;
      step(Committed{written.commits});
      if (output_feed_) output_feed_->committed(scheduler_.records(), written.commits);
      drain();
    };
    handlers.trouble = [this](const std::string& text, bool is_disk_full) {
      const char* const hope =
          is_disk_full ? "; results are accepted again when there is space" : "";
      write_log(Severity::error, text + hope);
      is_disk_full_ = is_disk_full;
      if (is_disk_full) return end_if_nothing_can_be_saved();
      journal_error_ = text;
      leave();
    };
    handlers.recovered = [this] {
      is_disk_full_ = false;
      write_log(Severity::warning, "the journal can be written again");
    };
    writer_ = std::make_unique<JournalWriter>(loop_, *start_.journal, std::move(handlers));
  }
  if (output_feed_ && start_.loaded) step(OutputFound{output_feed_->found()});
  step(ListeningStarted{});
  if (kind_.options().abandon && start_.loaded) step(AbandonRequested{});
  look_for_local_workers();
  start_input();
  // While the workers start: later it would delay their reports.
  const RunRecords& records = scheduler_.records();
  fault_in(records.task);
  fault_in(records.started);
  fault_in(records.elapsed);
  drain();
  loop_.run();
  input_.reset();
  output_.thread().notify(nullptr);
  if (writer_) saved_ = std::max(saved_, writer_->stop().records);
  for (const LogLine& line : repeated_.take_rest()) write_log(Severity::warning, line);
}

void EventLoop::start_input() {
  StreamedInput* const input = kind_.streamed_input();
  if (input == nullptr || !scheduler_.takes_tasks()) return;
  InputFeed::Handlers handlers;
  handlers.happened = [this](const Event& event) { step(event); };
  handlers.arrived = [this] { drain(); };
  handlers.warned = [this](const std::string& text) { write_log(Severity::warning, text); };
  input_ = std::make_unique<InputFeed>(loop_, *input, scheduler_, start_.journal != nullptr,
                                       std::move(handlers));
  input_->start();
}

void EventLoop::start_output() {
  StreamedOutput* const spool = kind_.streamed_output();
  if (spool == nullptr) return;
  StreamedOutput::Handlers handlers;
  handlers.happened = [this](const Event& event) {
    if (!abandon_) step(event);
  };
  handlers.changed = [this] { drain(); };
  handlers.warned = [this](const std::string& text) { write_log(Severity::warning, text); };
  handlers.failed = [this](const std::string& why) { fail_output(why); };
  handlers.is_output_idle = [this] { return output_.thread().is_idle(); };
  output_feed_ =
      std::make_unique<OutputFeed>(loop_, *spool, output_, start_.epoch, std::move(handlers));
  if (start_.loaded) spool->committed(scheduler_.records(), start_.loaded->published);
}

std::uint64_t EventLoop::unsaved() const {
  return is_disk_full_ ? scheduler_.records().accepted() - saved_ : 0;
}

/// Local workers of an earlier epoch that have exited need not be waited for, and lost ones that
/// still run must not be left behind.
void EventLoop::look_for_local_workers() {
  if (!start_.loaded) return;
  const std::vector<SessionRecord>& sessions = scheduler_.records().sessions;
  for (std::uint32_t s = 0; s < sessions.size(); ++s) {
    if (!adopt(sessions[s])) step(WorkerVanished{SessionIndex{s}});
  }
}

/// Watches the session's process if it is a local worker of an earlier epoch. Returns false if that
/// process has ended.
bool EventLoop::adopt(const SessionRecord& session) {
  if (!start_.loaded || !session.is_local || session.host != host_name()) return true;
  std::vector<pid_t> coordinators;
  for (const EpochRecord& epoch : start_.loaded->epochs) {
    coordinators.push_back(static_cast<pid_t>(epoch.start.pid));
  }
  return local_workers_.adopt(static_cast<pid_t>(session.pid), coordinators,
                              [this, process = session.pid] { on_adopted_gone(process); });
}

void EventLoop::on_adopted_gone(std::uint32_t process) {
  if (abandon_) return;
  const std::vector<SessionRecord>& sessions = scheduler_.records().sessions;
  for (std::uint32_t s = 0; s < sessions.size(); ++s) {
    const SessionRecord& session = sessions[s];
    if (session.is_local && session.pid == process && session.host == host_name()) {
      step(WorkerVanished{SessionIndex{s}});
    }
  }
  stop_when_done();
  drain();
}

/// Ends without a message: workers wait for the next coordinator.
void EventLoop::leave() {
  local_workers_.release();
  loop_.stop();
}

/// A message is read only as far as it has to be: a hostile one costs neither memory nor time.
void EventLoop::on_message(ConnectionId from, std::span<const std::byte> bytes) {
  if (abandon_ || refused_.ignores(from)) return;
  Envelope envelope;
  if (auto read = read_envelope(bytes, Direction::from_worker, envelope); !read) {
    return on_malformed(from, envelope.header, read.error().message, peer_in(envelope));
  }
  const WorkerBodyKind kind = kind_of(envelope);
  if (scheduler_.refusal(from, envelope.header, kind)) {
    const std::string address = join_point_->socket().peer_address();
    return step(RefusedReceived{from, envelope.header, kind, address});
  }
  if (kind == WorkerBodyKind::hello) join_point_->socket().watch(from);
  if (kind == WorkerBodyKind::report && !has_room_for(envelope)) return;
  if (!std::holds_alternative<MessageReceived>(received_)) received_ = MessageReceived{};
  auto& event = std::get<MessageReceived>(received_);
  event.from = from;
  if (auto decoded = codec_.decode(bytes, event.message); !decoded) {
    return on_malformed(from, event.message.header, decoded.error().message);
  }
  if (auto* report = std::get_if<Report>(&event.message.body)) {
    std::string why = kind_.contradiction(report->outcomes);
    if (!why.empty()) {
      return step(ContradictionReceived{from, event.message.header, std::move(why)});
    }
    kind_.mark_final(report->outcomes);
  }
  step(received_);
}

/// A report that is not accepted is sent again. If there is always room for one, the run goes on.
bool EventLoop::has_room_for(const Envelope& report) const {
  const std::size_t backlog = output_.thread().backlog();
  return backlog == 0 || backlog + report.body.size() <= limits::output_backlog;
}

void EventLoop::warn_of_slow_reader() {
  if (has_warned_of_slow_reader_) return;
  const std::string error = output_.thread().spool_error();
  if (error.empty()) return;
  has_warned_of_slow_reader_ = true;
  write_log(Severity::warning,
            fmt::format("the output is read slowly, and no file can hold the rest: {}; tasks wait "
                        "for the reader",
                        error));
}

void EventLoop::on_malformed(ConnectionId from, const Header& header, const std::string& why,
                             const std::string& worker) {
  const bool version =
      header.protocol < kOldestProtocolVersion || header.protocol > kProtocolVersion;
  step(MalformedReceived{from, header,
                         version ? RejectReason::protocol_version : RejectReason::bad_message, why,
                         join_point_->socket().peer_address(), worker});
}

void EventLoop::on_closed(ConnectionId connection) {
  if (abandon_) return;
  step(ConnectionClosed{connection});
  drain();
}

void EventLoop::on_dropped(std::optional<ConnectionId> from, const std::string& why) {
  if (from) return on_malformed(*from, Header{}, why);
  log_of(
      ConnectionId{},
      fmt::format("dropped a message of {}: {}",
                  scheduler_.name_of(ConnectionId{}, join_point_->socket().peer_address()), why));
}

void EventLoop::on_worker_gone(const LocalWorkerExited& event) {
  if (abandon_) return;
  step(event);
  stop_when_done();
  if (join_point_) drain();
}

void EventLoop::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code error, int number) {
    if (!error) on_signal(number);
  });
}

void EventLoop::on_signal(int number) {
  if (abandon_) end_process(number);
  using Response = SignalPolicy::Response;
  const Response response = signal_policy_.on_signal(number);
  // With a full disk nothing that is waited for can be saved.
  if (response == Response::end_now || is_disk_full_) return end_now();
  wait_for_signal();
  if (response == Response::wait_for_running) announce_wait(number);
  step(StopRequested{response == Response::wait_for_running, response == Response::leave_running});
  drain();
}

void EventLoop::announce_wait(int signal) {
  const std::uint64_t running = running_of(scheduler_);
  if (kind_.options().quiet || running == 0) return;
  progress_.hide();
  const char* const them = running == 1 ? "it" : "them";
  const std::string hint = signal == SIGINT ? fmt::format("press Ctrl-C again to end {}", them)
                                            : fmt::format("a second signal ends {}", them);
  const std::string line = fmt::format("stopping: waiting for {} command{}; {}\n", running,
                                       running == 1 ? "" : "s", hint);
  std::fputs(line.c_str(), stderr);
}

/// Local workers end with this process, unless they are to outlive it.
void EventLoop::end_now() {
  interrupted_ = true;
  if (kind_.options().leave_running) local_workers_.release();
  loop_.stop();
}

/// A run that is being stopped does not wait for a full disk.
void EventLoop::end_if_nothing_can_be_saved() {
  const bool is_timed_out = scheduler_.run_timed_out();
  if (!is_disk_full_ || (signal_policy_.first() == 0 && !is_timed_out)) return;
  if (is_timed_out || scheduler_.assigned() == 0 || kind_.options().leave_running) end_now();
}

int EventLoop::serve_during(const std::function<int()>& work, std::function<void()> abandon) {
  abandon_ = std::move(abandon);
  struct StopAtEnd {
    EventLoop& of;
    ~StopAtEnd() {
      boost::asio::post(of.loop_, [&loop = of] { loop.stop_serving(os::now(), 0, os::now()); });
    }
  };
  loop_.restart();
  signals_.cancel();  // what waited for a signal does not any more, or has had one
  wait_for_signal();
  const auto stays = boost::asio::make_work_guard(loop_);
  std::future<int> result;
  {
    const os::SignalsBlocked blocked;  // signals are for this thread
    result = std::async(std::launch::async, [this, &work] {
      const StopAtEnd stop{*this};
      return work();
    });
  }
  loop_.run();
  return result.get();
}

/// Stops the loop when followers have read the rest, or read nothing any more. `unread`: as it was
/// `since` then.
void EventLoop::stop_serving(Instant started, std::uint64_t unread, Instant since) {
  const Instant now = os::now();
  const std::uint64_t left = followers_.unread();
  if (left != unread) since = now;
  const bool is_late =
      now - started >= limits::followed_rest || now - since >= limits::followed_idle;
  if (left == 0 || is_late) return loop_.stop();
  timer_.expires_after(limits::followed_poll);
  timer_.async_wait([=, this](boost::system::error_code error) {
    if (!error) stop_serving(started, left, since);
  });
}

/// The run is over, but its output waits for a disk or a reader, which nothing can interrupt.
void EventLoop::end_process(int signal) {
  abandon_();
  control_.reset();
  join_point_.reset();  // removes the access file
  ::_exit(128 + signal);
}

void EventLoop::fail_output(const std::string& why) {
  // Later another thread reads the error, and the run is over anyway.
  if (abandon_ || !spool_error_.empty()) return;
  spool_error_ = why;
  boost::asio::post(loop_, [this] { drain(); });
}

/// Results that cannot be printed are not worth running tasks for. Running ones end by themselves
/// if a journal keeps their output, or if they have none; else some might print for ever.
void EventLoop::stop_for_output_error() {
  if (!kind_.prints_results() || kill_workers_at_ || output_error().empty()) return;
  const bool let_running_end = spool_error_.empty() && (start_.journal || !output_feed_);
  if (stops_for_output_ == let_running_end) return;
  stops_for_output_ = let_running_end;
  step(StopRequested{let_running_end});
  drain();
}

void EventLoop::step(const Event& event) {
  actions_.clear();
  const std::size_t before = scheduler_.records().accepted();
  scheduler_.step(os::now(), event, actions_);
  if (&event == &received_) {
    auto& body = std::get<MessageReceived>(received_).message.body;
    if (auto* report = std::get_if<Report>(&body)) {
      followers_.reported(report->outcomes);
      take_outcomes(before, *report);
    }
  }
  followers_.stepped(before);
  for (Action& action : actions_) std::visit([this](auto& a) { perform(a); }, action);
}

/// The records from `before` on are new. The first ones are of this report, if it has any.
void EventLoop::take_outcomes(std::size_t before, Report& report) {
  const RunRecords& records = scheduler_.records();
  if (records.accepted() == before) return;
  const std::optional<SessionIndex>& session = BatchCursor(records).of(before).session;
  if (session) kind_.received(*session, records, before, report.outcomes);
}

void EventLoop::perform(Send& send) {
  if (auto* assignment = std::get_if<Assignment>(&send.message.body)) {
    kind_.fill(assignment->attempts);
  }
  codec_.encode(send.message, bytes_);
  const net::Sent sent = join_point_->socket().send(send.to, bytes_);
  if (sent == net::Sent::closed) write_log(Severity::debug, "a connection was closed");
  if (sent == net::Sent::full) {
    log_of(send.to, fmt::format("dropped messages for {}: it does not read them",
                                scheduler_.name_of(send.to, {})));
  }
}

void EventLoop::perform(const StartLocalWorker& action) {
  Access access = join_point_->local_access();
  access.launch_id = action.launch_id;
  if (auto started = local_workers_.start(access); !started) {
    boost::asio::post(loop_, [this, id = action.launch_id, why = started.error().message] {
      on_worker_gone({id, why, /*started=*/false});
    });
  }
}

void EventLoop::perform(const KillLocalWorker& action) {
  const SessionRecord& session = scheduler_.records().sessions[index(action.session)];
  if (session.host == host_name()) local_workers_.kill(static_cast<pid_t>(session.pid));
}

void EventLoop::perform(const WriteCommit& action) {
  Commit& commit = *action.commit;
  if (commit.tasks) kind_.streamed_input()->complete(*commit.tasks);
  commit.commands = kind_.commit_payload(commit.first_record, commit.outcome_count());
  if (output_feed_) output_feed_->note_commit(action.number, commit.counters.published);
  writer_->enqueue(action.commit);
}

void EventLoop::perform(const PublishStarted& started) {
  if (!started.tasks.empty()) output_.tasks_started(os::now(), started.session, started.tasks);
}

void EventLoop::perform(const PublishFailed& failed) {
  const auto& report = std::get<Report>(std::get<MessageReceived>(received_).message.body);
  output_.attempts_failed(os::now(), failed.session, report.outcomes, failed.rows);
}

void EventLoop::perform(const PublishOutcomes& outcomes) {
  if (kind_.prints_results()) progress_.hide();  // both may write to the same terminal
  kind_.publish(scheduler_.records(), outcomes.first, outcomes.count);
  output_.outcomes_accepted(os::now(), outcomes.first, outcomes.count);
  kind_.published(outcomes.first + outcomes.count);
}

void EventLoop::perform(const PublishInputEnded&) {
  const RunRecords& records = scheduler_.records();
  if (!records.input_error.empty() && records.spec.task_count > 0) {
    write_log(Severity::warning, records.input_error);
  }
  output_.input_ended(os::now());
}

void EventLoop::perform(const PublishJoined& joined) {
  write_log(Severity::info, joined_line(scheduler_.records().sessions[index(joined.session)]));
  output_.worker_joined(os::now(), joined.session);
  // The journal may not have it yet. If its process has exited already, it is lost by silence.
  static_cast<void>(adopt(scheduler_.records().sessions[index(joined.session)]));
}

void EventLoop::perform(const PublishBack& back) {
  write_log(Severity::info, back_line(scheduler_.records().sessions[index(back.session)], back));
}

void EventLoop::perform(const PublishLeft& left) {
  const SessionRecord& record = scheduler_.records().sessions[index(left.session)];
  const bool has_drained = scheduler_.sessions()[index(left.session)].leaves();
  write_log(record.end == SessionEnd::lost ? Severity::warning : Severity::info,
            left_line(record, has_drained, left.returned));
  output_.worker_left(os::now(), left.session, left.returned);
}

void EventLoop::perform(const Log& log) {
  if (!log.connection) return write_log(log.severity, log.text);
  log_of(*log.connection, log.text, log.is_usual ? limits::usual_refusals : 1);
  if (log.is_usual || *log.connection == ConnectionId{}) return;
  if (!refused_.count(*log.connection)) return;
  write_log(Severity::warning, fmt::format("dropping all further messages on the connection of {}",
                                           scheduler_.name_of(*log.connection, {})));
}

void EventLoop::log_of(ConnectionId connection, const LogLine& line, std::uint64_t first) {
  const auto counted = repeated_.count(static_cast<std::uint64_t>(connection), line, first);
  if (counted) write_log(Severity::warning, *counted);
}

void EventLoop::write_log(Severity severity, const LogLine& line) {
  if (abandon_ || !is_logged(severity)) return;  // the other thread prints the summary
  progress_.hide();
  rollcall::write_log(severity, line);
}

void EventLoop::perform(const FinishRun&) {
  const RunRecords& records = scheduler_.records();
  write_log(Severity::info, LogLine("the run is over")
                                .add("tasks", records.accepted())
                                .add("workers", records.sessions.size()));
  progress_.finish();
  kill_workers_at_ = os::now() + limits::shutdown;
}

void EventLoop::perform(const End& end) {
  ended_ = true;
  if (end.workers_stay) return leave();
  stop_when_done();
}

void EventLoop::perform(const TakeOutput& action) {
  const auto& body = std::get<MessageReceived>(received_).message.body;
  const auto& received = std::get<rollcall::Output>(body);
  const bool is_printed = output_feed_->take(action, received);
  followers_.output_taken(received);
  if (is_printed) progress_.hide();
}

void EventLoop::perform(const DropOutput& action) {
  followers_.output_dropped(action.attempt);
  output_feed_->drop(action);
}

void EventLoop::perform(const PrintEarly& action) {
  progress_.hide();
  output_feed_->print_early(action);
}

void EventLoop::perform(const OutputStuck& action) {
  fail_output(action.why);
}

void EventLoop::perform(const CutOutput& action) {
  output_feed_->cut(action);
}

void EventLoop::perform(const KeepOutput& action) {
  output_feed_->keep(action);
}

void EventLoop::end_turn(bool inbox_empty) {
  if (abandon_) return;
  warn_of_slow_reader();
  // The next coordinator publishes again what a slow reader has not taken.
  output_.flush();
  step(TurnEnded{inbox_empty, output_feed_ ? output_feed_->room() : OutputRoom(),
                 output_.printed()});
  if (input_) input_->advance();
  output_.advance(os::now());
  output_.flush();
  stop_for_output_error();
  end_if_nothing_can_be_saved();
  progress_.advance(os::now());
  arm_timer();
}

/// One timer for all deadlines. When it expires, the inbox is drained first; then the scheduler
/// gets the time.
void EventLoop::arm_timer() {
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
    drain();
  });
}

/// Stops the loop if the scheduler has ended and no local worker is left.
void EventLoop::stop_when_done() {
  if (ended_ && local_workers_.running() == 0) loop_.stop();
}

}  // namespace rollcall::coordinator
