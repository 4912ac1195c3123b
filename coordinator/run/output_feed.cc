#include "coordinator/run/output_feed.h"

namespace rollcall::coordinator {

bool OutputFeed::take(const TakeOutput& action, const rollcall::Output& received) {
  spool_.take(action.session, received, action.is_taken);
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
