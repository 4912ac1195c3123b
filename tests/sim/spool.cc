#include "tests/sim/spool.h"

#include <algorithm>

#include "coordinator/core/model/limits.h"

namespace rollcall::sim {

coordinator::OutputRoom Spool::room() const {
  coordinator::OutputRoom room;
  room.bytes = size_ - std::min(size_, used());
  const Entry* const early = early_ ? find(*early_) : nullptr;
  const std::uint64_t waits = early == nullptr ? 0 : early->kept() - early->printed;
  room.early_bytes = world_.plan.output.early - std::min(world_.plan.output.early, waits);
  const auto next = printing_ ? printing_ : next_to_print();
  const auto entry = next ? entries_.find(*next) : entries_.end();
  // A part of an attempt that was given up may still be printed.
  const bool prints_rest = printing_ && entry == entries_.end();
  const bool can_print =
      prints_rest || (entry != entries_.end() && (has_journal() || entry->second.record));
  room.is_stuck = room.bytes < limits::output_window && !can_print && !is_syncing_;
  return room;
}

Spool::Key Spool::key_of(const Holder& holder) const {
  const auto earlier = earlier_.find(holder);
  return {holder, earlier == earlier_.end() ? epoch_ : earlier->second};
}

const Spool::Entry* Spool::find(const Holder& holder) const {
  const auto found = entries_.find(key_of(holder));
  return found == entries_.end() ? nullptr : &found->second;
}

Spool::Entry* Spool::find(const Holder& holder) {
  const auto found = entries_.find(key_of(holder));
  return found == entries_.end() ? nullptr : &found->second;
}

/// Without a journal what is printed makes room at once.
std::uint64_t Spool::used() const {
  std::uint64_t bytes = 0;
  for (const auto& [key, entry] : entries_) {
    bytes += has_journal() ? entry.kept() : entry.left();
  }
  return bytes;
}

bool Spool::keeps(const Holder& holder) const {
  const Entry* const entry = find(holder);
  return entry != nullptr && !entry->record;
}

StreamBytes Spool::bytes(const Holder& holder) const {
  const Entry* const entry = find(holder);
  return entry == nullptr ? StreamBytes{} : entry->bytes;
}

void Spool::take(const Holder& holder, OutputStream stream, std::uint64_t offset,
                 std::uint64_t size, Epoch run) {
  Entry& entry = entries_[key_of(holder)];
  require(!entry.record, "output was taken after the outcome");
  std::uint64_t& bytes = entry.bytes[index(stream)];
  require(offset == bytes && size > 0, "output was taken that does not follow what is kept");
  if (bytes == 0) entry.run[index(stream)] = run;
  require(entry.run[index(stream)] == run, "the output of two attempts was mixed");
  bytes += size;
  if (!has_journal()) entry.durable[index(stream)] = bytes;
  sync_on();
  print_on();
}

void Spool::drop(const Holder& holder) {
  const Entry* const entry = find(holder);
  require(entry != nullptr || early_ == holder || resumed_.contains(holder),
          "output was dropped of which nothing is kept");
  require(entry == nullptr || !entry->record, "output of an accepted attempt was dropped");
  remove(key_of(holder));
  earlier_.erase(holder);
  if (early_ == holder) early_.reset();
  print_on();
}

void Spool::remove(const Key& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  if (has_journal()) deleted_[key] = found->second;
  entries_.erase(found);
}

void Spool::print_early(const Holder& holder) {
  require(!early_, "two attempts are printed early");
  early_ = holder;
  print_on();
}

void Spool::ended(const Holder& holder, std::size_t record, Epoch run) {
  Entry* const entry = find(holder);
  if (early_ == holder && (entry == nullptr || entry->left() == 0)) early_.reset();
  if (entry != nullptr) {
    for (const OutputStream stream : kOutputStreams) {
      require(entry->bytes[index(stream)] == 0 || entry->run[index(stream)] == run,
              "an outcome was accepted with the output of another attempt");
    }
    require(entry->bytes == entry->durable, "an outcome was accepted before its output is durable");
    entry->record = record;
    entry->is_published = !has_journal();
    if (!has_journal() && entry->left() == 0) entries_.erase(key_of(holder));
  }
  print_on();
}

void Spool::all_ended_before(std::uint32_t task) {
  if (task == all_ended_before_) return;
  all_ended_before_ = task;
  print_on();
}

bool Spool::is_in_order(const Holder& holder) const {
  return !world_.plan.policy.prints_in_order || index(holder.task) < all_ended_before_;
}

/// Nothing is printed between two parts of the attempt that is printed early.
std::optional<Spool::Key> Spool::next_to_print() const {
  if (early_) {
    const Entry* const early = find(*early_);
    if (early == nullptr || early->left() == 0) return std::nullopt;
    return key_of(*early_);
  }
  std::optional<Key> next;
  for (const auto& [key, entry] : entries_) {
    const Holder& holder = key.first;
    if (!entry.is_published || entry.left() == 0 || !is_in_order(holder)) continue;
    if (!world_.plan.policy.prints_in_order) return key;
    if (!next || holder.task < next->first.task) next = key;
  }
  return next;
}

void Spool::print_on() {
  if (printing_) return;
  printing_ = next_to_print();
  if (!printing_) return;
  const Entry& entry = entries_.at(*printing_);
  if (!entry.record) seen_.insert(printing_->first);
  const Duration takes = dice_.time(Duration(0), world_.plan.output.print_max);
  world_.timeline.after(takes, [this, epoch = epoch_, key = *printing_, bytes = entry.left()] {
    if (epoch != epoch_ || !printing_) return;
    printing_.reset();
    finish_part(key, bytes);
    print_on();
    handlers_.printed();
  });
}

void Spool::finish_part(const Key& key, std::uint64_t bytes) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;  // it was given up
  Entry& entry = found->second;
  entry.printed += bytes;
  if (!entry.record || entry.left() > 0) return;
  if (early_ == key.first) early_.reset();
  if (!has_journal()) entries_.erase(found);
}

/// If all tasks had ended when the run was resumed, nothing is kept of others.
void Spool::check_end() const {
  for (const auto& [key, entry] : entries_) {
    require(entry.record || !knows_earlier_, "at the end, output of task " +
                                                 std::to_string(index(key.first.task)) +
                                                 " is kept that is neither printed nor dropped");
  }
}

}  // namespace rollcall::sim
