#include "coordinator/core/output/output_windows.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace rollcall::coordinator {
namespace {

constexpr std::uint64_t kLeast = limits::output_window;

std::uint64_t minus(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

}  // namespace

void SendRate::count(Instant now, std::uint64_t cost) {
  if (now - interval_ >= limits::output_interval) {
    interval_ = now;
    here_ = 0;
  }
  if (now - period_ >= limits::output_memory) {
    most_before_ = now - period_ < 2 * limits::output_memory ? most_ : 0;
    most_ = 0;
    period_ = now;
  }
  here_ += cost;
  most_ = std::max(most_, here_);
}

std::uint64_t SendRate::most(Instant now) const {
  const Duration age = now - period_;
  if (age >= 2 * limits::output_memory) return 0;
  return age >= limits::output_memory ? most_ : std::max(most_, most_before_);
}

void OutputWindows::add_session() {
  sessions_.emplace_back().sent.push_back({});
}

void OutputWindows::session_joined(Instant now, SessionIndex session) {
  Session& joined = sessions_[index(session)];
  if (std::exchange(joined.is_live, true)) return;
  CHECK(!joined.sent.empty());
  update_queue(now, session);
}

void OutputWindows::session_ended(SessionIndex session) {
  Session& ended = sessions_[index(session)];
  used_ -= used(ended);
  if (std::exchange(ended.ticket, 0) != 0) --waiting_;
  ended.is_live = false;
  ended.window.bytes = 0;
  ended.window.only.reset();
  ended.sent.clear();
}

void OutputWindows::arrived(Instant now, SessionIndex session, std::uint64_t cost) {
  Session& sender = sessions_[index(session)];
  if (!sender.is_live) return;
  used_ -= used(sender);
  sender.arrived += cost;
  used_ += used(sender);
  sender.rate.count(now, cost);
}

void OutputWindows::received(SessionIndex session, std::uint64_t window_received) {
  Session& receiver = sessions_[index(session)];
  if (!receiver.is_live || window_received > receiver.window.number) return;
  used_ -= used(receiver);
  while (receiver.sent.front().number < window_received && receiver.sent.size() > 1) {
    receiver.sent.pop_front();
  }
  used_ += used(receiver);
}

std::uint64_t OutputWindows::used(const Session& session) {
  return session.sent.empty() ? 0 : minus(session.sent.front().bound, session.arrived);
}

SessionWindow OutputWindows::renew(Instant now, SessionIndex session, std::uint64_t room,
                                   std::uint64_t answered) {
  Session& receiver = sessions_[index(session)];
  if (!receiver.is_live) return receiver.window;
  receiver.answered += answered;
  CHECK(receiver.answered <= receiver.arrived);
  const SessionWindow next = next_window(now, session, room);
  if (has_changed(next, session)) {
    receiver.window = next;
    ++receiver.window.number;
    update_queue(now, session);
  } else if (next.bytes == 0) {
    update_queue(now, session);
  }
  used_ -= used(receiver);
  note_sent(receiver);
  used_ += used(receiver);
  return receiver.window;
}

/// With the number of the last one.
SessionWindow OutputWindows::next_window(Instant now, SessionIndex session,
                                         std::uint64_t room) const {
  if (is_preferred(session)) return preferred_window(now, session, room);
  const Session& receiver = sessions_[index(session)];
  const std::uint64_t others = used_ - used(receiver);
  // One least window is left to the preferred attempt.
  const std::uint64_t most = std::min(room, minus(limit_, kLeast));
  return {share(now, session, minus(most, others)), receiver.window.number, {}};
}

/// Its session waits for no other one. Without room, the window is for the preferred attempt only.
SessionWindow OutputWindows::preferred_window(Instant now, SessionIndex session,
                                              std::uint64_t room) const {
  const Session& receiver = sessions_[index(session)];
  const std::uint64_t others = used_ - used(receiver);
  const std::uint64_t for_all = part(now, session, minus(std::min(room, limit_), others));
  if (for_all > 0) return {for_all, receiver.window.number, {}};
  const std::uint64_t for_one =
      part(now, session, std::min(preferred_bytes_, minus(limit_, others)));
  if (for_one == 0) return {0, receiver.window.number, {}};
  return {for_one, receiver.window.number, preferred_};
}

/// The window of a session of which this much is available, when others wait as well.
std::uint64_t OutputWindows::share(Instant now, SessionIndex session,
                                   std::uint64_t available) const {
  const Session& receiver = sessions_[index(session)];
  const bool waits = receiver.ticket != 0;
  const bool is_first = waits && queue_.front().ticket == receiver.ticket;
  const std::size_t before = is_first ? 0 : waiting_ - (waits ? 1 : 0);
  const std::uint64_t window = part(now, session, minus(available, before * kLeast));
  const bool has_turn = receiver.window.bytes > 0 && now - receiver.since < limits::output_turn;
  return window == 0 && has_turn && available >= kLeast ? kLeast : window;
}

/// At most half of it, as the session sends, but at least a least window.
std::uint64_t OutputWindows::part(Instant now, SessionIndex session,
                                  std::uint64_t available) const {
  const std::uint64_t wish = 2 * sessions_[index(session)].rate.most(now);
  const std::uint64_t window = std::min(wish, available / 2) / kLeast * kLeast;
  return available < kLeast ? 0 : std::max(window, kLeast);
}

bool OutputWindows::has_changed(const SessionWindow& window, SessionIndex session) const {
  const SessionWindow& last = sessions_[index(session)].window;
  return window.bytes != last.bytes || window.only != last.only;
}

/// The worker may know any window from the one last received on. The greatest bound counts, so one
/// that is not above those of later windows is dropped.
void OutputWindows::note_sent(Session& session) {
  const Sent sent{session.window.number, session.window.bytes + session.answered};
  while (!session.sent.empty() && session.sent.back().bound <= sent.bound) session.sent.pop_back();
  session.sent.push_back(sent);
}

/// A session without a window waits; one with a window does not, and its turn begins.
void OutputWindows::update_queue(Instant now, SessionIndex session) {
  Session& updated = sessions_[index(session)];
  const bool waited = updated.ticket != 0;
  if (updated.window.bytes == 0 && !waited) {
    updated.ticket = ++tickets_;
    queue_.push_back({session, updated.ticket});
    ++waiting_;
  } else if (updated.window.bytes > 0 && waited) {
    updated.ticket = 0;
    updated.since = now;
    --waiting_;
  }
  // Keeps what does not count small.
  if (queue_.size() > 2 * waiting_ + 16) {
    std::erase_if(queue_, [this](const Waiting& waiting) {
      return sessions_[index(waiting.session)].ticket != waiting.ticket;
    });
  }
}

/// Drops entries that do not count from the front of the queue.
std::optional<SessionIndex> OutputWindows::first_waiting() {
  while (!queue_.empty()) {
    const Waiting first = queue_.front();
    if (sessions_[index(first.session)].ticket == first.ticket) return first.session;
    queue_.pop_front();
  }
  return std::nullopt;
}

std::vector<SessionIndex> OutputWindows::take_due(Instant now, std::uint64_t room) {
  std::vector<SessionIndex> due;
  const auto is_due = [&](SessionIndex session) {
    const SessionWindow next = next_window(now, session, room);
    if (next.bytes == 0 || !has_changed(next, session)) return false;
    renew(now, session, room);
    due.push_back(session);
    return true;
  };
  if (preferred_ && sessions_[index(preferred_->session)].is_live) {
    const SessionWindow& has = window(preferred_->session);
    const bool is_wrong = has.bytes == 0 || (has.only && has.only != preferred_);
    if (is_wrong) is_due(preferred_->session);
  }
  for (auto first = first_waiting(); first && is_due(*first);) first = first_waiting();
  return due;
}

void OutputWindows::check_invariants() const {
  std::uint64_t used_in_all = 0;
  std::size_t waiting = 0;
  for (const Session& session : sessions_) {
    used_in_all += used(session);
    waiting += session.ticket != 0 ? 1 : 0;
    CHECK(session.answered <= session.arrived);
    CHECK(session.window.bytes % kLeast == 0);
    CHECK(!session.window.only || session.window.bytes > 0);
    CHECK((session.ticket != 0) == (session.is_live && session.window.bytes == 0));
    CHECK(session.is_live || used(session) == 0);
    for (std::size_t i = 1; i < session.sent.size(); ++i) {
      CHECK(session.sent[i - 1].number < session.sent[i].number);
      CHECK(session.sent[i - 1].bound > session.sent[i].bound);
    }
  }
  CHECK(used_in_all == used_ && used_ <= limit_);
  CHECK(waiting == waiting_ && waiting <= queue_.size());
}

}  // namespace rollcall::coordinator
