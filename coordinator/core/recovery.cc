#include "coordinator/core/recovery.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {

std::size_t Recovery::most_listed() const {
  return task_count_ + limits::inventory_ended;
}

void Recovery::add_session(bool is_awaited) {
  Restored& session = sessions_.emplace_back();
  session.is_awaited = session.is_live = is_awaited;
  if (is_awaited) ++awaited_;
}

bool Recovery::awaits(SessionIndex session) const {
  return index(session) < sessions_.size() && sessions_[index(session)].is_awaited;
}

void Recovery::session_ended(SessionIndex session) {
  if (index(session) >= sessions_.size()) return;
  Restored& ended = sessions_[index(session)];
  if (ended.is_live && ended.is_awaited) --awaited_;
  ended.is_live = false;
}

bool Recovery::collect(SessionIndex session, const Inventory& part) {
  Restored& known = sessions_[index(session)];
  if (part.list > known.list) {
    known.list = part.list;
    known.next_part = 0;
    known.held = {};
    known.output = {};
  }
  if (part.list != known.list || part.part != known.next_part) return false;
  ++known.next_part;
  append(known.held, part.held);
  for (std::size_t i = 0; i < part.output.rows(); ++i) {
    const std::uint32_t row = part.output.row[i];
    if (row >= part.held.size()) continue;
    known.output.push_back(
        {part.held.task[row], part.held.attempt[row], part.output.stream[i], part.output.from[i]});
  }
  return part.is_last_part || known.held.size() > most_listed();
}

std::optional<ListedAttempts> Recovery::take_list(SessionIndex session, const Inventory& last) {
  Restored& known = sessions_[index(session)];
  CHECK(known.is_awaited && known.is_live);
  known.list = known.next_part = 0;
  ListedAttempts listed{std::exchange(known.held, {}), std::exchange(known.output, {})};
  const std::size_t size = listed.held.size();
  const bool is_consistent =
      last.begun <= size && last.begun <= last.started_count && size <= most_listed();
  if (!is_consistent) return std::nullopt;
  known.is_awaited = false;
  --awaited_;
  return listed;
}

bool Recovery::take_local(SessionIndex session) {
  return index(session) < sessions_.size() &&
         std::exchange(sessions_[index(session)].is_local, false);
}

void Recovery::check_invariants() const {
  const auto awaited = std::count_if(sessions_.begin(), sessions_.end(),
                                     [](const Restored& s) { return s.is_live && s.is_awaited; });
  CHECK(static_cast<std::size_t>(awaited) == awaited_);
}

}  // namespace rollcall::coordinator
