#include "coordinator/run/output_feed.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "common/limits.h"
#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {

/// The thread of the output reports when its backlog has fallen below limits::output_backlog. So
/// there must be room before.
OutputRoom OutputFeed::room() const {
  OutputRoom room = spool_.room();
  if (!output_.prints_live()) return room;
  constexpr std::uint64_t kMost = limits::output_backlog + limits::output_window;
  room.bytes = kMost - std::min<std::uint64_t>(kMost, output_.thread().backlog());
  return room;
}

void OutputFeed::print(SessionIndex session, const rollcall::Output& received,
                       const std::vector<bool>& is_taken) {
  std::string_view rest = received.bytes;
  for (std::size_t row = 0; row < received.rows(); ++row) {
    const std::string_view bytes = rest.substr(0, received.size[row]);
    rest.remove_prefix(bytes.size());
    if (!is_taken[row] || bytes.empty()) continue;
    output_.output_received({session, received.task[row], received.attempt[row]},
                            received.stream[row], std::string(bytes));
  }
}

bool OutputFeed::take(const TakeOutput& action, const rollcall::Output& received) {
  spool_.take(action.session, received, action.is_taken);
  if (output_.prints_live()) {
    print(action.session, received, action.is_taken);
    return true;
  }
  if (!early_ || early_->session != action.session) return false;
  for (std::size_t row = 0; row < received.rows(); ++row) {
    if (!action.is_taken[row]) continue;
    if (SessionAttempt{action.session, received.task[row], received.attempt[row]} != early_) {
      continue;
    }
    output_.output_arrived();
    return true;
  }
  return false;
}

void OutputFeed::drop(const DropOutput& action) {
  if (early_ == action.attempt) early_.reset();
  spool_.drop(action.attempt);
}

void OutputFeed::print_early(const PrintEarly& action) {
  early_ = action.attempt;
  output_.print_early(action.attempt.task, spool_.print_early(action.attempt));
}

void OutputFeed::committed(const RunRecords& records, std::uint64_t number) {
  std::optional<std::uint64_t> published;
  while (!commits_.empty() && commits_.front().first <= number) {
    published = commits_.front().second;
    commits_.pop_front();
  }
  if (published) spool_.committed(records, *published);
}

}  // namespace rollcall::coordinator
