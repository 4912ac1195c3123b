#include "tests/sim/spool.h"

#include <algorithm>

#include "coordinator/core/model/limits.h"

namespace rollcall::sim {

coordinator::OutputRoom Spool::room() const {
  const OutputPlan& plan = world_.plan.output;
  coordinator::OutputRoom room;
  room.bytes = plan.spool - std::min(plan.spool, used_);
  const auto early = early_ ? entries_.find(*early_) : entries_.end();
  const std::uint64_t waits = early == entries_.end() ? 0 : early->second.left();
  room.early_bytes = plan.early - std::min(plan.early, waits);
  const auto next = printing_ ? printing_ : next_to_print();
  const auto entry = next ? entries_.find(*next) : entries_.end();
  const bool is_ended = entry != entries_.end() && entry->second.has_ended;
  room.is_stuck = room.bytes < limits::output_window && !is_ended;
  return room;
}

bool Spool::keeps(const Holder& holder) const {
  const auto found = entries_.find(holder);
  return found != entries_.end() && !found->second.has_ended;
}

StreamBytes Spool::bytes(const Holder& holder) const {
  const auto found = entries_.find(holder);
  return found == entries_.end() ? StreamBytes{} : found->second.bytes;
}

void Spool::take(const Holder& holder, OutputStream stream, std::uint64_t offset,
                 std::uint64_t size) {
  Entry& entry = entries_[holder];
  require(!entry.has_ended, "output was taken after the outcome");
  std::uint64_t& bytes = entry.bytes[index(stream)];
  require(offset == bytes && size > 0, "output was taken that does not follow what is kept");
  bytes += size;
  used_ += size;
  print_on();
}

void Spool::drop(const Holder& holder) {
  const auto found = entries_.find(holder);
  require(found != entries_.end() || early_ == holder,
          "output was dropped of which nothing is kept");
  if (found != entries_.end()) {
    require(!found->second.has_ended, "output of an accepted attempt was dropped");
    used_ -= found->second.left();
    entries_.erase(found);
  }
  if (early_ == holder) early_.reset();
  print_on();
}

void Spool::print_early(const Holder& holder) {
  require(!early_, "two attempts are printed early");
  early_ = holder;
  print_on();
}

void Spool::ended(const Holder& holder) {
  const auto found = entries_.find(holder);
  if (found != entries_.end()) found->second.has_ended = true;
  if (early_ == holder && (found == entries_.end() || found->second.left() == 0)) early_.reset();
  if (found != entries_.end() && found->second.left() == 0) entries_.erase(found);
  print_on();
}

void Spool::all_ended_before(std::uint32_t task) {
  if (task == all_ended_before_) return;
  all_ended_before_ = task;
  print_on();
}

/// Nothing is printed between two parts of the attempt that is printed early.
std::optional<Spool::Holder> Spool::next_to_print() const {
  if (early_) {
    const auto found = entries_.find(*early_);
    return found != entries_.end() && found->second.left() > 0 ? early_ : std::nullopt;
  }
  std::optional<Holder> next;
  for (const auto& [holder, entry] : entries_) {
    if (!entry.has_ended) continue;
    if (!world_.plan.policy.prints_in_order) return holder;
    const std::size_t task = index(holder.task);
    if (task < all_ended_before_ && (!next || task < index(next->task))) next = holder;
  }
  return next;
}

void Spool::print_on() {
  if (printing_) return;
  printing_ = next_to_print();
  if (!printing_) return;
  const Entry& entry = entries_.at(*printing_);
  if (!entry.has_ended) seen_.insert(*printing_);
  const Duration takes = dice_.time(Duration(0), world_.plan.output.print_max);
  world_.timeline.after(takes, [this, holder = *printing_, bytes = entry.left()] {
    printing_.reset();
    finish_part(holder, bytes);
    print_on();
    printed_();
  });
}

void Spool::finish_part(const Holder& holder, std::uint64_t bytes) {
  const auto found = entries_.find(holder);
  if (found == entries_.end()) return;  // it was given up
  found->second.printed += bytes;
  used_ -= bytes;
  if (!found->second.has_ended || found->second.left() > 0) return;
  entries_.erase(found);
  if (early_ == holder) early_.reset();
}

void Spool::check_end() const {
  for (const auto& [holder, entry] : entries_) {
    require(entry.has_ended, "at the end, output of task " + std::to_string(index(holder.task)) +
                                 " is kept that is neither printed nor dropped");
  }
}

}  // namespace rollcall::sim
