#include "coordinator/run/followers.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "common/limits.h"
#include "coordinator/control/limits.h"
#include "coordinator/exec/results/command_results.h"
#include "coordinator/view/base64.h"
#include "coordinator/view/command_failure.h"

namespace rollcall::coordinator {
namespace {

using FollowedJson = nlohmann::ordered_json;

const char* member_of(OutputStream stream) {
  return stream == OutputStream::out ? "stdout" : "stderr";
}

/// What a report has of an attempt that has ended.
struct ReportedEnd {
  Attempt attempt = 0;
  std::string how;  ///< "exit status 1"
  bool has_result = false;
  // By index(OutputStream). The end of the output, which did not travel before.
  std::array<std::uint64_t, kOutputStreams.size()> at{};
  std::array<std::string, kOutputStreams.size()> bytes{};
  std::array<std::uint64_t, kOutputStreams.size()> dropped{};  ///< by --max-output

  std::uint64_t size() const { return bytes[0].size() + bytes[1].size(); }
};

/// Attempts at a task that have ended without its outcome.
Attempt ended_attempts(const RunRecords& records, TaskId task) {
  const auto found = records.history.find(task);
  return found == records.history.end() ? Attempt{0} : found->second.attempts;
}

/// Whether the attempt never began. Another one follows, which is not worth a line.
bool never_began(const OutcomeColumns& outcomes, std::size_t row) {
  const Outcome outcome = outcomes.outcome[row];
  return outcome == Outcome::returned || outcome == Outcome::not_started;
}

ReportedEnd end_in(const OutcomeColumns& outcomes, std::size_t row) {
  ReportedEnd end;
  end.attempt = outcomes.attempt[row];
  end.how = to_string(outcomes.outcome[row]);
  if (outcomes.command.empty()) return end;
  const CommandResult& result = outcomes.command[row];
  const CommandFacts facts{result.end, result.status, result.signal, result.error_text};
  end.how = how_it_failed(outcomes.outcome[row], facts, Duration::zero(), outcomes.elapsed[row]);
  end.has_result = true;
  end.at = {result.out_before, result.err_before};
  end.bytes = {result.out, result.err};
  const DroppedOutput dropped = dropped_output(result);
  end.dropped = {dropped.out, dropped.err};
  return end;
}

}  // namespace

/// One reader of one task. Follows an attempt after the other until the task has its outcome.
class Follower final : public ControlLines, public std::enable_shared_from_this<Follower> {
 public:
  /// `attempts`: that have ended before.
  Follower(TaskId task, bool waits, Attempt attempts, StreamedOutput& spool)
      : task_(task), attempts_(attempts), spool_(spool) {
    lines_.push_back(FollowedJson{
        {"schema", "rollcall/follow/1"},
        {"task", index(task)},
        {"waits", waits}}.dump());
  }

  TaskId task() const { return task_; }
  bool has_ended() const { return has_ended_; }
  /// Above 0, because the connection has this until its last line is sent.
  std::uint64_t unread() const { return waiting_bytes_ + ends_.size() + 1; }

  std::optional<std::string> next() override {
    if (lines_.empty()) read_more();
    if (lines_.empty()) return std::nullopt;
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    waiting_bytes_ -= std::min<std::uint64_t>(waiting_bytes_, line.size());
    return line;
  }
  bool is_over() const override { return is_complete_ && lines_.empty(); }

  void more_arrived() {
    has_more_ = true;
    if (!is_reading_) announce();
  }

  /// A report has the end of the attempt that is followed, or of one that has printed little.
  void reported(ReportedEnd end) {
    find_attempt();
    if (!attempt_ || attempt_->attempt == end.attempt) reported_ = std::move(end);
  }
  /// `attempts`: that have ended. A report that has changed nothing, as it is repeated or stale,
  /// has no end of an attempt.
  std::optional<ReportedEnd> take_reported(Attempt attempts, bool is_done) {
    std::optional<ReportedEnd> end = std::exchange(reported_, std::nullopt);
    const bool has_more = std::exchange(attempts_, attempts) != attempts;
    return has_more || is_done ? std::move(end) : std::nullopt;
  }

  void attempt_dropped(const SessionAttempt& dropped) {
    find_attempt();
    const bool is_followed =
        attempt_ && attempt_->session == dropped.session && attempt_->attempt == dropped.attempt;
    if (is_followed && !has_ended_) end_attempt({}, "the worker left or was lost");
  }

  /// Another attempt follows.
  void end_attempt(ReportedEnd end, const std::string& why) {
    const FollowedJson line{{"again", why}};
    end_with({std::move(end), line.dump(-1, ' ', false, FollowedJson::error_handler_t::replace)});
  }
  void end_task(ReportedEnd end, Outcome outcome, const std::string& why) {
    has_ended_ = true;
    const FollowedJson line{{"end", to_string(outcome)}, {"text", why}};
    end_with({std::move(end), line.dump(-1, ' ', false, FollowedJson::error_handler_t::replace)});
  }

 private:
  /// The end of an attempt, from when it ended until its last bytes are in lines_.
  struct End {
    ReportedEnd reported;
    std::string line;  ///< that follows these bytes
    bool is_read = false;
  };

  void find_attempt() {
    if (attempt_) return;
    attempt_ = spool_.output_of(task_);
    if (attempt_ == ended_) attempt_.reset();
  }

  /// The spool calls back in order: first for this part, then for one that was asked for later.
  void read_more() {
    if (is_reading_ || has_ended_ || !ends_.empty()) return;
    find_attempt();
    if (!attempt_) return;
    is_reading_ = true;
    has_more_ = false;
    peek(*attempt_, position_, limits::followed_part_bytes, [this] {
      is_reading_ = false;
      if (has_more_ || !lines_.empty()) announce();
    });
  }

  template <class Done>
  void peek(const SpoolKey& key, const std::array<std::uint64_t, kOutputStreams.size()>& from,
            std::size_t most, Done done) {
    for (const OutputStream stream : kOutputStreams) {
      spool_.peek({key, stream}, from[index(stream)], most,
                  [weak = weak_from_this(), stream, done](Result<OutputSpool::Peeked> read) {
                    const auto self = weak.lock();
                    if (!self || self->is_complete_) return;
                    if (!read) return self->fail(read.error().message);
                    self->add(stream, read->at, read->bytes);
                    if (stream == kOutputStreams.back()) done();
                  });
    }
  }

  /// A follower that reads nothing while attempt after attempt ends has no more of them copied.
  void end_with(End end) {
    find_attempt();
    const bool is_copied = ends_.empty() && waiting_bytes_ <= limits::followed_end_bytes;
    if (!is_copied) {
      for (const OutputStream stream : kOutputStreams) {
        const std::size_t i = index(stream);
        end.reported.dropped[i] += end.reported.bytes[i].size();
        end.reported.bytes[i].clear();
      }
    }
    const std::optional<SpoolKey> key = std::exchange(attempt_, std::nullopt);
    if (key) ended_ = key;
    end.is_read = !key || !is_copied;
    ends_.push_back(std::move(end));
    if (!ends_.back().is_read) {
      peek(*key, position_, limits::followed_end_bytes, [this] {
        ends_.front().is_read = true;
        complete();
      });
    }
    complete();
  }

  void complete() {
    while (!ends_.empty() && ends_.front().is_read) {
      add_end(ends_.front().reported);
      push(std::move(ends_.front().line));
      ends_.pop_front();
      position_ = {};
    }
    if (has_ended_ && ends_.empty()) is_complete_ = true;
    announce();
  }

  void add_end(const ReportedEnd& reported) {
    if (!reported.has_result) return;
    for (const OutputStream stream : kOutputStreams) {
      const std::size_t i = index(stream);
      if (reported.at[i] == kNotWanted) continue;
      add(stream, reported.at[i], reported.bytes[i]);
      if (reported.dropped[i] > 0) add_missing(stream, reported.dropped[i]);
    }
  }

  /// The bytes of a stream from offset `at` on, without those that were added before.
  void add(OutputStream stream, std::uint64_t at, std::string_view bytes) {
    std::uint64_t& position = position_[index(stream)];
    const std::uint64_t known = position - std::min(position, at);
    if (at > position) add_missing(stream, at - position);
    position = std::max(position, at + bytes.size());
    bytes.remove_prefix(std::min<std::uint64_t>(known, bytes.size()));
    while (!bytes.empty()) {
      const std::string_view part = bytes.substr(0, limits::followed_part_bytes);
      push(fmt::format(R"({{"{}":"{}"}})", member_of(stream), base64(part)));
      bytes.remove_prefix(part.size());
    }
  }

  void add_missing(OutputStream stream, std::uint64_t count) {
    push(FollowedJson{{"missing", count}, {"stream", member_of(stream)}}.dump());
  }

  void fail(const std::string& why) {
    push(FollowedJson{{"error", why}}.dump(-1, ' ', false, FollowedJson::error_handler_t::replace));
    has_ended_ = true;
    is_complete_ = true;
    announce();
  }

  void push(std::string line) {
    waiting_bytes_ += line.size();
    lines_.push_back(std::move(line));
  }

  TaskId task_;
  Attempt attempts_;
  StreamedOutput& spool_;
  std::deque<std::string> lines_;
  std::uint64_t waiting_bytes_ = 0;  ///< in lines_
  std::optional<SpoolKey> attempt_;  ///< has not ended; nullopt: it has no output in the spool
  std::optional<SpoolKey> ended_;    ///< the last one that has
  std::array<std::uint64_t, kOutputStreams.size()> position_{};  ///< of the next bytes for lines_
  bool is_reading_ = false;
  bool has_more_ = false;  ///< bytes have arrived since the last read began
  std::optional<ReportedEnd> reported_;
  std::deque<End> ends_;
  bool has_ended_ = false;    ///< the task
  bool is_complete_ = false;  ///< and lines_ has the last line
};

/// Calls `call` for the followers of tasks that have not ended.
template <class Call>
void Followers::for_each(Call call) {
  std::erase_if(followers_, [&](const std::weak_ptr<Follower>& weak) {
    const std::shared_ptr<Follower> follower = weak.lock();
    if (follower && !follower->has_ended()) call(*follower);
    return !follower;
  });
}

Result<std::shared_ptr<ControlLines>> Followers::follow(TaskId task) {
  const std::string why = kind_.why_not_followed();
  if (!why.empty()) return permanent(fmt::format("no task can be followed: {}", why));
  const RunRecords& records = scheduler_.records();
  const TaskState state = records.state_of(task);
  if (state == TaskState::done) {
    const std::string where = journal_.empty()
                                  ? "only a task that waits or runs can be followed"
                                  : fmt::format("see rollcall output {} {}", journal_, index(task));
    return permanent(fmt::format("task {} has ended: {}", index(task), where));
  }
  if (scheduler_.is_over()) return permanent("the run is over");
  auto follower = std::make_shared<Follower>(
      task, state == TaskState::pending, ended_attempts(records, task), *kind_.streamed_output());
  followers_.emplace_back(follower);
  return std::shared_ptr<ControlLines>(std::move(follower));
}

void Followers::output_taken(const rollcall::Output& output) {
  for_each([&](Follower& follower) {
    if (std::ranges::find(output.task, follower.task()) != output.task.end()) {
      follower.more_arrived();
    }
  });
}

void Followers::reported(const OutcomeColumns& outcomes) {
  for_each([&](Follower& follower) {
    for (std::size_t row = 0; row < outcomes.size(); ++row) {
      if (outcomes.task[row] != follower.task() || never_began(outcomes, row)) continue;
      follower.reported(end_in(outcomes, row));
    }
  });
}

void Followers::stepped(std::size_t before) {
  if (followers_.empty()) return;
  const RunRecords& records = scheduler_.records();
  for_each([&](Follower& follower) {
    const TaskId task = follower.task();
    const bool is_done = records.state_of(task) == TaskState::done;
    std::optional<ReportedEnd> end = follower.take_reported(ended_attempts(records, task), is_done);
    if (!is_done) {
      if (!end) return;
      const std::string why = end->how;
      return follower.end_attempt(*std::move(end), why);
    }
    const auto first = records.task.begin() + static_cast<std::ptrdiff_t>(before);
    const auto record = std::find(first, records.task.end(), task) - records.task.begin();
    const Outcome outcome = records.outcome_of(task);
    const std::string why =
        outcome == Outcome::succeeded
            ? std::string()
            : kind_.display().failure(records, static_cast<std::size_t>(record));
    follower.end_task(end ? *std::move(end) : ReportedEnd(), outcome, why);
  });
}

std::uint64_t Followers::unread() const {
  std::uint64_t unread = 0;
  for (const std::weak_ptr<Follower>& weak : followers_) {
    const std::shared_ptr<Follower> follower = weak.lock();
    if (follower && follower->has_ended()) unread += follower->unread();
  }
  return unread;
}

void Followers::output_dropped(const SessionAttempt& attempt) {
  for_each([&](Follower& follower) {
    if (follower.task() == attempt.task) follower.attempt_dropped(attempt);
  });
}

}  // namespace rollcall::coordinator
