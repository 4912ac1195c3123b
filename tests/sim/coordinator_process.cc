#include "tests/sim/coordinator_process.h"

#include <algorithm>

#include "coordinator/core/commits/commit.h"

namespace rollcall::sim {

using namespace std::chrono_literals;

CoordinatorProcess::CoordinatorProcess(World& world, Network& network,
                                       std::function<void(std::uint32_t, Epoch)> start_worker,
                                       std::function<Process*(const SessionId&)> find_worker)
    : world_(world),
      network_(network),
      start_worker_(std::move(start_worker)),
      find_worker_(std::move(find_worker)),
      scheduler_(std::make_unique<coordinator::Scheduler>(spec_at_start(world.plan),
                                                          world.plan.policy, epoch_)),
      observer_(world, *scheduler_,
                {[this] { wake_at(now()); },
                 [this](coordinator::OutputWritten written) {
                   others_.push_back(std::move(written));
                   wake_at(now());
                 }}),
      input_(world, [this](coordinator::Event event) {
        if (ended_ || is_down_ || !scheduler_->takes_tasks()) return;
        others_.push_back(std::move(event));
        wake_at(now());
      }) {}

void CoordinatorProcess::listen() {
  step(coordinator::ListeningStarted{});
  input_.open(epoch_, scheduler_->records());
  wake_at(now());
}

void CoordinatorProcess::connection_closed(ConnectionId connection) {
  const auto known = with_ghost_.find(connection);
  if (ended_ || is_down_ || (known != with_ghost_.end() && known->second)) return;
  others_.push_back(coordinator::ConnectionClosed{connection});
  wake_at(now());
}

void CoordinatorProcess::receive(ConnectionId from, UpMessage message) {
  if (Ghost* ghost = ghost_of(from)) return ghost->receive(from, std::move(message));
  if (ended_ || is_down_) return;
  observer_.arrived(from, *message);
  inbox_.emplace_back(from, std::move(message));
  wake_at(now());
}

void CoordinatorProcess::local_worker_exited(std::uint32_t launch_id, Epoch epoch) {
  for (Ghost& ghost : ghosts_) {
    if (ghost.epoch() == epoch)
      ghost.happened(coordinator::LocalWorkerExited{launch_id, "it ended"});
  }
  if (ended_ || is_down_ || epoch != epoch_) return;
  others_.push_back(coordinator::LocalWorkerExited{launch_id, "it ended"});
  wake_at(now());
}

void CoordinatorProcess::drain(const SessionId& session, DrainMode mode) {
  const auto& sessions = scheduler_->records().sessions;
  for (std::uint32_t s = 0; s < sessions.size() && !ended_ && !is_down_; ++s) {
    if (sessions[s].id != session) continue;
    others_.push_back(coordinator::DrainRequested{{SessionIndex{s}}, mode});
    wake_at(now());
  }
}

void CoordinatorProcess::limit_slots(const SessionId& session, std::uint32_t slots) {
  const auto& sessions = scheduler_->records().sessions;
  for (std::uint32_t s = 0; s < sessions.size() && !ended_ && !is_down_; ++s) {
    if (sessions[s].id != session) continue;
    others_.push_back(coordinator::SlotsLimited{{SessionIndex{s}}, slots});
    wake_at(now());
  }
}

void CoordinatorProcess::stop(Duration resume_after, bool let_running_end, bool leave_running) {
  resume_after_ = resume_after;
  if (ended_ || is_down_) return;
  const bool leaves = leave_running && world_.plan.policy.journal;
  others_.push_back(coordinator::StopRequested{let_running_end, leaves});
  wake_at(now());
}

/// Some neighbouring tasks of those that the run has so far.
void CoordinatorProcess::cancel(std::uint32_t which) {
  if (ended_ || is_down_) return;
  const std::uint32_t count = scheduler_->records().spec.task_count;
  coordinator::CancelRequested request;
  for (std::uint32_t t = which % 7; t < count && request.tasks.size() < 1 + which % 5; ++t) {
    if (t % (1 + which % 3) == 0) request.tasks.push_back(task_at(t));
  }
  if (request.tasks.empty()) return;
  others_.emplace_back(std::move(request));
  wake_at(now());
}

/// A pause ends with its coordinator, too.
void CoordinatorProcess::pause(Duration lasts) {
  if (ended_ || is_down_) return;
  others_.emplace_back(coordinator::PauseRequested{true});
  wake_at(now());
  world_.timeline.after(lasts, [this, epoch = epoch_] {
    if (ended_ || is_down_ || epoch != epoch_) return;
    others_.emplace_back(coordinator::PauseRequested{false});
    wake_at(now());
  });
}

void CoordinatorProcess::crash(Duration down_for) {
  if (ended_ || is_down_) return;
  if (!world_.chance(0.5)) return die(down_for);
  actions_to_live_ = static_cast<std::uint32_t>(1 + world_.rng.below(12));
  down_for_ = down_for;
}

void CoordinatorProcess::die(Duration down_for) {
  go_down(down_for);
  write_torn();
}

/// Commits that were being written may be on disk, although they were never reported durable.
void CoordinatorProcess::write_torn() {
  for (std::size_t torn = world_.rng.below(writing_.size() + 1); torn > 0; --torn) {
    reach_disk(writing_.front());
    writing_.pop_front();
  }
  writing_.clear();
}

void CoordinatorProcess::reach_disk(const coordinator::WriteCommit& keep) {
  disk_.push_back(keep.commit);
  observer_.committed(*keep.commit);
}

/// The lock keeps a second coordinator out while the first lives. Where it does not (a copy of the
/// disk, a file system without locks), the epoch does.
void CoordinatorProcess::take_over(Duration lasts) {
  if (ended_ || is_down_ || !(ghosts_.empty() || ghosts_.back().over())) return;
  write_torn();
  observer_.output().crash();
  Ghost& ghost = ghosts_.emplace_back(world_, network_, observer_, start_worker_, epoch_,
                                      std::move(scheduler_));
  for (auto& [from, message] : std::exchange(inbox_, {})) ghost.receive(from, std::move(message));
  for (coordinator::Event& event : std::exchange(others_, {})) ghost.happened(std::move(event));
  with_ghost_.clear();
  for (const ConnectionId from : network_.split()) with_ghost_[from] = true;
  resume();
  world_.timeline.after(lasts, [this, &ghost] {
    ghost.end();
    network_.break_those([this](ConnectionId from) { return with_ghost_[from]; });
  });
}

/// Returns the fenced coordinator of a connection. A new connection finds either of the two.
Ghost* CoordinatorProcess::ghost_of(ConnectionId from) {
  if (ghosts_.empty()) return nullptr;
  const auto [known, is_new] = with_ghost_.try_emplace(from, false);
  if (is_new && !ghosts_.back().over()) known->second = world_.chance(0.3);
  return known->second ? &ghosts_.back() : nullptr;
}

void CoordinatorProcess::go_down(Duration down_for) {
  is_down_ = true;
  observer_.output().crash();
  actions_to_live_ = 0;
  inbox_.clear();
  others_.clear();
  input_.close();
  network_.coordinator_crashed(down_for);
  world_.timeline.after(down_for, [this] { resume(); });
}

/// Builds the next epoch from the disk alone.
void CoordinatorProcess::resume() {
  coordinator::Replay replay(spec_at_start(world_.plan));
  for (const auto& commit : disk_) require(replay.apply(*commit), "a commit does not follow");
  coordinator::RunRecords records = replay.take();
  observer_.crashed(records, is_suspended_);
  // A coordinator that leaves the run unfinished notes what it has printed at the very end.
  std::uint64_t published = disk_.empty() ? 0 : disk_.back()->counters.published;
  if (std::exchange(is_suspended_, false)) published = records.accepted();
  observer_.output().reopen(records, published, ++epoch_);
  std::vector<coordinator::Event> vanished;
  for (std::size_t s = 0; s < records.sessions.size(); ++s) {
    const coordinator::SessionRecord& session = records.sessions[s];
    if (session.is_local && find_worker_(session.id) == nullptr && world_.chance(0.5)) {
      vanished.push_back(coordinator::WorkerVanished{static_cast<SessionIndex>(s)});
    }
  }
  scheduler_ = std::make_unique<coordinator::Scheduler>(std::move(records), published,
                                                        world_.plan.policy, epoch_);
  observer_.watch(*scheduler_);
  is_down_ = false;
  busy_until_ = overloaded_until_ = {};
  if (world_.plan.policy.takes_output) step(coordinator::OutputFound{observer_.output().found()});
  listen();
  others_.insert(others_.end(), vanished.begin(), vanished.end());
}

/// One write at a time takes all waiting commits; some writes are delayed, as by a full disk.
void CoordinatorProcess::keep(const coordinator::WriteCommit& keep) {
  observer_.output().note_commit(keep);
  writing_.push_back(keep);
  const bool slow = world_.faulty() && world_.chance(0.01);
  const Duration takes = slow ? world_.time(0s, 2s) : world_.time(10us, 20ms);
  world_.timeline.after(takes, [this, epoch = epoch_, number = keep.number] {
    if (epoch != epoch_ || is_down_) return;
    while (!writing_.empty() && writing_.front().number <= number) {
      reach_disk(writing_.front());
      writing_.pop_front();
      others_.push_back(coordinator::Committed{number});
    }
    wake_at(now());
  });
}

void CoordinatorProcess::freeze(Duration lasts) {
  busy_until_ = std::max(busy_until_, now() + lasts);
}

void CoordinatorProcess::overload(Duration lasts) {
  overloaded_until_ = std::max(overloaded_until_, now() + lasts);
}

void CoordinatorProcess::wake_at(Instant when) {
  when = std::max({when, busy_until_, now()});
  if (wake_ && *wake_ <= when) return;
  wake_ = when;
  world_.timeline.at(when, [this, when] {
    if (wake_ != when) return;
    wake_.reset();
    turn();
  });
}

void CoordinatorProcess::turn() {
  if (ended_ || is_down_) return;
  if (now() < busy_until_) return wake_at(busy_until_);
  const bool overloaded = now() < overloaded_until_;
  for (const coordinator::Event& event : std::exchange(others_, {})) step(event);
  for (std::size_t budget = overloaded ? 1 : 16; budget > 0 && !inbox_.empty(); --budget) {
    const auto [from, message] = std::move(inbox_.front());
    inbox_.pop_front();
    observer_.taken(from, *message);
    step(coordinator::MessageReceived{from, *message});
  }
  OutputRules& output = observer_.output();
  step(coordinator::TurnEnded{inbox_.empty(), output.room(), output.printed()});
  if (++turns_ % world_.plan.check_every == 0) scheduler_->check_invariants();
  if (overloaded) busy_until_ = now() + world_.plan.policy.heartbeat_interval * 9 / 10;
  if (!inbox_.empty()) return wake_at(now());
  if (const auto deadline = scheduler_->next_deadline()) {
    wake_at(std::max(*deadline, now() + Duration(1'000)));
  }
}

void CoordinatorProcess::step(const coordinator::Event& event) {
  if (is_down_) return;
  coordinator::Actions actions;
  observer_.before(event);
  scheduler_->step(now(), event, actions);
  observer_.after(event, actions);
  for (coordinator::Action& action : actions) {
    perform(action);
    if (actions_to_live_ > 0 && --actions_to_live_ == 0 && !ended_) die(down_for_);
    if (is_down_) return;
  }
}

void CoordinatorProcess::perform(coordinator::Action& action) {
  observer_.done(action);
  if (auto* send = std::get_if<coordinator::Send>(&action)) {
    network_.send(send->to, std::move(send->message));
  } else if (const auto* start = std::get_if<coordinator::StartLocalWorker>(&action)) {
    start_worker_(start->launch_id, epoch_);
  } else if (const auto* kill = std::get_if<coordinator::KillLocalWorker>(&action)) {
    Process* const worker = find_worker_(scheduler_->records().sessions[index(kill->session)].id);
    if (worker != nullptr) worker->kill();
  } else if (const auto* keep_now = std::get_if<coordinator::WriteCommit>(&action)) {
    keep(*keep_now);
  } else if (const auto* stuck = std::get_if<coordinator::OutputStuck>(&action)) {
    world_.tell([&] { return "output stuck: " + stuck->why; });
    stop({}, /*let_running_end=*/false, /*leave_running=*/false);
  } else if (const auto* end = std::get_if<coordinator::End>(&action)) {
    is_suspended_ = scheduler_->suspended();
    const bool is_any_left = end->workers_stay && !scheduler_->ran_out_of_workers();
    if (is_suspended_ && !is_any_left) start_worker_(0, 0);  // resuming starts a worker
    if (is_suspended_) return go_down(resume_after_);
    ended_ = true;
    network_.close_all();
  }
}

}  // namespace rollcall::sim
