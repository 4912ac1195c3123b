#include "worker/executors/command_runner.h"

#include <sys/prctl.h>

#include <fmt/core.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "common/base/check.h"
#include "common/limits.h"
#include "common/os/clock.h"
#include "worker/executors/alarm.h"
#include "worker/executors/child.h"
#include "worker/guardian/channel.h"
#include "worker/guardian/end_descendants.h"

namespace rollcall::worker {

std::uint32_t command_slots(std::uint64_t descriptors) {
  if (descriptors < limits::reserved_descriptors) return 0;
  const std::uint64_t slots =
      (descriptors - limits::reserved_descriptors) / limits::command_descriptors;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(slots, limits::commands));
}

class CommandRunner::Children {
 public:
  Children(boost::asio::io_context& loop, Guardians guardians, std::uint32_t slots,
           Handlers handlers)
      : loop_(loop),
        most_at_once_(slots),
        handlers_(std::move(handlers)),
        channel_(loop, std::move(guardians),
                 {[this](std::span<const GuardianEvent> events) { on_events(events); },
                  [this](const std::string& reason) { on_gone(reason); }}),
        alarm_(loop, [this] { on_alarm(); }),
        most_now_(most()) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  ~Children() {
    // They are removed when the guardians have ended.
    for (const auto& child : slots_) {
      if (child && child->group) groups_left_.push_back(std::move(*child->group));
    }
  }
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  void start(std::uint64_t key, Command command, const Terms& terms) {
    auto child = std::make_unique<Child>();
    child->key = key;
    child->max_output = terms.max_output;
    child->kill_after = terms.kill_after;
    child->nice = terms.nice;
    child->max_memory = terms.max_memory;
    child->output = terms.output;
    child->command = std::move(command);
    waiting_.push_back(std::move(child));
    if (!is_broken_) start_waiting();
    report_ended_later();
  }

  void cancel(std::uint64_t key) {
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
      if (slots_[slot] && slots_[slot]->key == key) stop(slot, Child::Stop::cancelled);
    }
    const auto is_it = [key](const auto& child) { return child->key == key; };
    cancel_waiting(std::stable_partition(waiting_.begin(), waiting_.end(), std::not_fn(is_it)));
  }

  void call_off(const std::function<bool(std::uint64_t)>& is_chosen) {
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
      Child* const child = slots_[slot].get();
      if (child == nullptr || child->state != Child::State::sent || child->is_called_off) continue;
      if (!is_chosen(child->key)) continue;
      child->is_called_off = true;
      channel_.signal(slot, child->number, 0);
    }
    for (const auto& child : waiting_) child->is_called_off = is_chosen(child->key);
    const auto goes_on = [](const auto& child) { return !child->is_called_off; };
    cancel_waiting(std::stable_partition(waiting_.begin(), waiting_.end(), goes_on));
  }

  void cancel_all() {
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
      if (slots_[slot]) stop(slot, Child::Stop::cancelled);
    }
    cancel_waiting(waiting_.begin());
  }

  void drop() {
    waiting_.clear();
    ended_.clear();
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
      if (!slots_[slot]) continue;
      slots_[slot]->stop = Child::Stop::dropped;
      slots_[slot]->out.close();
      slots_[slot]->err.close();
      kill(slot);
    }
  }

  std::vector<EndedCommand> take_ended() { return std::exchange(ended_, {}); }

  std::size_t running() const {
    const auto runs = [](const std::unique_ptr<Child>& child) {
      return child && child->state != Child::State::left && child->stop != Child::Stop::dropped;
    };
    return waiting_.size() +
           static_cast<std::size_t>(std::count_if(slots_.begin(), slots_.end(), runs));
  }

 private:
  using Waiting = std::deque<std::unique_ptr<Child>>;

  // Starting.

  std::size_t most() const { return std::size_t{most_at_once_} + limits::spawns_ahead; }

  void start_waiting() {
    while (!waiting_.empty() && sent_ < limits::spawns_in_flight && alive_ < most_now_) {
      if (free_.empty()) {
        if (slots_.size() >= limits::commands) return;  // until one is free
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
      }
      std::unique_ptr<Child> child = std::move(waiting_.front());
      waiting_.pop_front();
      spawn(std::move(child));
    }
  }

  void spawn(std::unique_ptr<Child> child) {
    CommandFiles files;
    int error = refusal(child->command);
    if (error == 0) error = open_files(*child, files);
    SpawnTerms terms{child->nice, child->max_memory};
    if (error == 0 && child->max_memory > 0 && make_group(*child, files)) terms.max_memory = 0;
    if (error != 0) {
      set_not_started(*child, error, false, os::now());
      add_ended(*child);
      return;
    }
    const std::uint32_t slot = free_.back();
    child->number = channel_.spawn(slot, child->command, terms, std::move(files));
    if (child->number == 0) {
      set_not_started(*child, errno, false, os::now());
      add_ended(*child);
      return;
    }
    free_.pop_back();
    child->state = Child::State::sent;
    ++sent_;
    ++alive_;
    slots_[slot] = std::move(child);
  }

  /// Returns false if the guardian must limit its memory.
  bool make_group(Child& child, CommandFiles& files) {
    if (!handlers_.memory_groups) return false;
    child.group = handlers_.memory_groups->make(child.max_memory, channel_.guardians());
    if (child.group) files.group = child.group->open_processes();
    if (!files.group) child.group.reset();
    return child.group.has_value();
  }

  /// Whether it failed only because the user has too many processes: it is tried again when another
  /// command has ended.
  bool may_wait(const Child& child, const GuardianEvent& event) const {
    return event.kind == GuardianEvent::Kind::not_started && event.value == EAGAIN &&
           event.in_cwd == 0 && child.stop == Child::Stop::no && !child.is_called_off &&
           alive_ > 1 && child.tries < limits::start_tries;
  }

  void put_back(std::uint32_t slot) {
    std::unique_ptr<Child> child = std::move(slots_[slot]);
    free_.push_back(slot);
    most_now_ = --alive_;
    child->state = Child::State::waiting;
    child->out.close();
    child->err.close();
    ++child->tries;
    const std::uint64_t number = child->number;
    const auto is_later = [number](const auto& c) { return c->number == 0 || c->number > number; };
    waiting_.insert(std::find_if(waiting_.begin(), waiting_.end(), is_later), std::move(child));
    is_short_ = true;
  }

  /// Called when a command has started: else the number of commands is not the cause.
  void report_shortage() {
    if (!std::exchange(is_short_, false) || std::exchange(is_shortage_reported_, true)) return;
    if (!handlers_.on_short) return;
    handlers_.on_short(
        fmt::format("not all {} commands can run at once: {} (ulimit -u); the rest wait until "
                    "others have ended",
                    most_at_once_, std::strerror(EAGAIN)));
  }

  // Events.

  void on_events(std::span<const GuardianEvent> events) {
    for (const GuardianEvent& event : events) {
      CHECK(event.slot < slots_.size() && slots_[event.slot]);
      Child& child = *slots_[event.slot];
      if (child.state == Child::State::sent) --sent_;
      if (may_wait(child, event)) {
        put_back(event.slot);
        continue;
      }
      if (child.state == Child::State::sent) forget_request(child.command);
      child.state = Child::State::running;
      child.result.started = instant_from_ns(event.started_ns);
      switch (event.kind) {
        case GuardianEvent::Kind::started:
          set_deadline(event.slot);
          report_shortage();
          break;
        case GuardianEvent::Kind::not_started:
          set_not_started(child, event.value, event.in_cwd != 0, child.result.started);
          finish(event.slot, false);
          break;
        case GuardianEvent::Kind::ended:
          set_ended(child, event);
          most_now_ = std::min(most_now_ + 1, most());
          report_shortage();
          finish(event.slot, event.group_lives != 0);
          break;
      }
    }
    start_waiting();
    arm();
    report_ended();
  }

  void finish(std::uint32_t slot, bool group_lives) {
    Child& child = *slots_[slot];
    child.out.drain();
    child.err.drain();
    if (child.stop != Child::Stop::dropped) add_ended(child);
    --alive_;
    child.state = Child::State::left;
    child.terminated = os::now();
    if (group_lives && !child.is_killed) {
      set_deadline(slot);
      bound_open_outputs(slot);
      return;
    }
    if (group_lives) channel_.signal(slot, slots_[slot]->number, SIGKILL);
    release(slot);
  }

  /// The rest of a group may still write while it cleans up after SIGTERM: closing the pipe at once
  /// would kill a shell before its trap has run. The number of open pipes is bounded.
  void bound_open_outputs(std::uint32_t slot) {
    if (slots_[slot]->stop != Child::Stop::dropped) left_open_.push_back({slot, slots_[slot]->key});
    if (left_open_.size() <= limits::outputs_left_open) return;
    const auto [oldest, key] = left_open_.front();
    left_open_.pop_front();
    Child* const child = slots_[oldest].get();
    if (child == nullptr || child->key != key || child->state != Child::State::left) return;
    child->out.close();
    child->err.close();
  }

  void on_alarm() {
    armed_ = kNever;
    const Instant now = os::now();
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      on_deadline(deadlines_.begin()->second, now);
    }
    arm();
    report_ended();
  }

  void on_deadline(std::uint32_t slot, Instant now) {
    Child& child = *slots_[slot];
    if (child.state == Child::State::left) {
      channel_.signal(slot, slots_[slot]->number, SIGKILL);
      release(slot);
      return;
    }
    if (child.state == Child::State::running && !child.is_watched) {
      child.is_watched = true;
      child.out.watch(loop_);
      child.err.watch(loop_);
    }
    if (child.due() > now) {
      set_deadline(slot);
    } else if (child.stop == Child::Stop::no) {
      stop(slot, Child::Stop::timed_out);
    } else {
      kill(slot);
    }
  }

  void on_gone(const std::string& reason) {
    is_broken_ = true;
    alarm_.set(std::nullopt);
    // The guardians too. This process adopts the children of each.
    end_descendants();
    handlers_.on_broken(reason);
  }

  // Ending.

  void stop(std::uint32_t slot, Child::Stop why) {
    Child& child = *slots_[slot];
    if (child.state == Child::State::left || child.stop != Child::Stop::no) return;
    child.stop = why;
    child.terminated = os::now();
    channel_.signal(slot, slots_[slot]->number, SIGTERM);
    set_deadline(slot);
    arm();
  }

  void kill(std::uint32_t slot) {
    Child& child = *slots_[slot];
    channel_.signal(slot, slots_[slot]->number, SIGKILL);
    child.is_killed = true;
    if (child.state == Child::State::left) {
      release(slot);
    } else {
      set_deadline(slot);
    }
  }

  void cancel_waiting(const Waiting::iterator& from) {
    if (from == waiting_.end()) return;
    for (auto child = from; child != waiting_.end(); ++child) {
      (*child)->result.end = CommandEnd::cancelled;
      (*child)->result.started = os::now();
      add_ended(**child);
    }
    waiting_.erase(from, waiting_.end());
    report_ended_later();
  }

  void add_ended(Child& child) {
    child.result.out_dropped = child.out.dropped();
    child.result.err_dropped = child.err.dropped();
    child.result.out = child.out.take();
    child.result.err = child.err.take();
    const bool was_called_off = child.is_called_off && child.stop == Child::Stop::no &&
                                child.result.end == CommandEnd::cancelled;
    ended_.push_back({child.key, std::move(child.result), was_called_off});
  }

  void release(std::uint32_t slot) {
    deadlines_.erase({slots_[slot]->deadline, slot});
    // One stays until the processes have ended that have left the process group of the command.
    std::erase_if(groups_left_, [](os::Cgroup& group) { return group.remove(); });
    std::optional<os::Cgroup>& group = slots_[slot]->group;
    if (group && !group->remove()) groups_left_.push_back(std::move(*group));
    slots_[slot].reset();
    free_.push_back(slot);
  }

  // Time.

  void set_deadline(std::uint32_t slot) {
    Child& child = *slots_[slot];
    deadlines_.erase({child.deadline, slot});
    child.deadline = child.due();
    if (child.deadline != kNever) deadlines_.emplace(child.deadline, slot);
  }

  /// Setting the alarm for every command would cost more than an alarm that comes too early.
  void arm() {
    if (deadlines_.empty() || armed_ <= deadlines_.begin()->first) return;
    armed_ = deadlines_.begin()->first;
    alarm_.set(armed_);
  }

  void report_ended() {
    if (!ended_.empty()) handlers_.on_ended();
  }

  /// Calls on_ended from the loop, as the caller is in the middle of a call to this object.
  void report_ended_later() {
    if (ended_.empty()) return;
    armed_ = os::now();
    alarm_.set(armed_);
  }

  boost::asio::io_context& loop_;
  std::uint32_t most_at_once_;
  Handlers handlers_;
  std::vector<os::Cgroup> groups_left_;  ///< of commands that have ended
  GuardianChannel channel_;
  Alarm alarm_;
  Instant armed_ = kNever;  ///< when alarm_ is due
  std::set<std::pair<Instant, std::uint32_t>> deadlines_;
  Waiting waiting_;
  std::uint32_t sent_ = 0;  ///< commands in state `sent`
  std::size_t alive_ = 0;   ///< commands that were sent to the guardians and have not ended
  std::size_t most_now_;    ///< of alive_: as many as the system seems to allow
  bool is_short_ = false;   ///< of processes
  bool is_shortage_reported_ = false;
  std::vector<std::unique_ptr<Child>> slots_;
  std::vector<std::uint32_t> free_;
  /// Slots and keys of commands in state `left` whose pipes are open, oldest first.
  std::deque<std::pair<std::uint32_t, std::uint64_t>> left_open_;
  std::vector<EndedCommand> ended_;
  bool is_broken_ = false;
};

CommandRunner::CommandRunner(boost::asio::io_context& loop, Guardians guardians,
                             std::uint32_t slots, Handlers handlers)
    : children_(
          std::make_unique<Children>(loop, std::move(guardians), slots, std::move(handlers))) {}

CommandRunner::~CommandRunner() = default;

void CommandRunner::start(std::uint64_t key, Command command, const Terms& terms) {
  children_->start(key, std::move(command), terms);
}
void CommandRunner::cancel(std::uint64_t key) {
  children_->cancel(key);
}
void CommandRunner::cancel_all() {
  children_->cancel_all();
}
void CommandRunner::call_off(const std::function<bool(std::uint64_t key)>& is_chosen) {
  children_->call_off(is_chosen);
}
void CommandRunner::drop() {
  children_->drop();
}
std::vector<EndedCommand> CommandRunner::take_ended() {
  return children_->take_ended();
}
std::size_t CommandRunner::running() const {
  return children_->running();
}

}  // namespace rollcall::worker
