// What a spool with a journal has on disk.
#include <algorithm>

#include "tests/sim/spool.h"

namespace rollcall::sim {

using namespace std::chrono_literals;

namespace {

std::uint32_t first_missing(const std::vector<bool>& tasks) {
  return static_cast<std::uint32_t>(std::find(tasks.begin(), tasks.end(), false) - tasks.begin());
}

/// The tasks of the first records.
std::vector<bool> tasks_of(const coordinator::RunRecords& records, std::uint64_t count) {
  std::vector<bool> tasks(records.spec.task_count);
  for (std::size_t r = 0; r < count; ++r) tasks[index(records.task[r])] = true;
  return tasks;
}

}  // namespace

StreamBytes Spool::durable(const Holder& holder) const {
  const Entry* const entry = find(holder);
  return entry == nullptr ? StreamBytes{} : entry->durable;
}

/// One sync at a time takes all bytes that wait.
void Spool::sync_on() {
  if (!has_journal() || is_syncing_) return;
  for (auto& [key, entry] : entries_) {
    entry.syncing = entry.bytes;
    is_syncing_ |= entry.bytes != entry.durable;
  }
  if (!is_syncing_) return;
  const Duration most = world_.plan.output.sync_max;
  const bool is_slow = world_.faulty() && dice_.chance(0.02);
  const Duration takes = is_slow ? dice_.time(0s, 2s) : dice_.time(10us, most);
  world_.timeline.after(takes, [this, epoch = epoch_] {
    if (epoch != epoch_ || !is_syncing_) return;
    is_syncing_ = false;
    finish_sync();
    sync_on();
    print_on();
  });
}

void Spool::finish_sync() {
  coordinator::OutputWritten written;
  for (auto& [key, entry] : entries_) {
    for (const OutputStream stream : kOutputStreams) {
      const std::size_t s = index(stream);
      if (entry.syncing[s] <= entry.durable[s]) continue;
      entry.durable[s] = entry.syncing[s];
      entry.before_cut[s] = 0;
      written.streams.push_back({key.first, stream, entry.durable[s]});
    }
  }
  if (!written.streams.empty()) handlers_.written(std::move(written));
}

bool Spool::will_make_room(std::uint32_t first_unended) const {
  const bool is_in_order = world_.plan.policy.prints_in_order;
  return std::ranges::any_of(entries_, [&](const auto& of) {
    return of.second.record && (!is_in_order || index(of.first.first.task) < first_unended);
  });
}

void Spool::publish(const coordinator::RunRecords& records, std::size_t first, std::size_t count) {
  published_ = first + count;
  for (auto& [key, entry] : entries_) {
    entry.is_published |= entry.record && *entry.record < published_;
  }
  is_published_.resize(records.spec.task_count);
  for (std::size_t r = first; r < published_; ++r) is_published_[index(records.task[r])] = true;
  all_ended_before_ = first_missing(is_published_);
  print_on();
}

std::uint64_t Spool::printed() {
  if (world_.plan.policy.prints_in_order) {
    if (!printing_ && !next_to_print()) printed_ = published_;
    return printed_;
  }
  std::size_t first = published_;
  for (const auto& [key, entry] : entries_) {
    if (entry.is_published && entry.left() > 0) first = std::min(first, *entry.record);
  }
  return first;
}

void Spool::committed(const coordinator::RunRecords& records, std::uint64_t printed) {
  const std::uint32_t first_unprinted = first_missing(tasks_of(records, printed));
  std::vector<Key> gone;
  for (const auto& [key, entry] : entries_) {
    if (!entry.record || *entry.record >= printed) continue;
    if (world_.plan.policy.prints_in_order && index(key.first.task) >= first_unprinted) continue;
    require(entry.left() == 0, "output counts as printed and is not");
    gone.push_back(key);
  }
  for (const Key& key : gone) remove(key);
}

/// What was synced is there, and what was written after that is there up to any byte.
StreamBytes Spool::after_crash(const Entry& entry) {
  StreamBytes bytes = entry.durable;
  for (std::size_t s = 0; s < bytes.size(); ++s) {
    const std::uint64_t most = std::max(entry.bytes[s], entry.before_cut[s]);
    if (most == bytes[s] || dice_.chance(0.4)) continue;
    bytes[s] += dice_.chance(0.3) ? most - bytes[s]
                                  : dice_.number(0, static_cast<std::uint32_t>(most - bytes[s]));
  }
  return bytes;
}

void Spool::crash() {
  for (const auto& [key, entry] : std::exchange(deleted_, {})) {
    if (dice_.chance(0.3)) entries_.try_emplace(key, entry);
  }
  for (auto& [key, entry] : entries_) entry.bytes = entry.durable = after_crash(entry);
  std::erase_if(entries_, [](const auto& of) { return of.second.kept() == 0; });
  early_.reset();
  printing_.reset();
  seen_.clear();
  is_syncing_ = false;
}

void Spool::reopen(const coordinator::RunRecords& records, std::uint64_t printed, Epoch epoch) {
  epoch_ = epoch;
  knows_earlier_ = false;
  published_ = printed_ = printed;
  earlier_.clear();
  resumed_.clear();
  is_published_ = tasks_of(records, printed);
  all_ended_before_ = first_missing(is_published_);
  for (auto& [key, entry] : entries_) {
    entry.syncing = entry.before_cut = {};
    entry.printed = 0;
    if (entry.record && *entry.record >= records.accepted()) entry.record.reset();
    entry.is_published = entry.record && *entry.record < printed;
    if (!entry.record) earlier_[key.first] = key.second;
    if (entry.is_published && is_in_order(key.first)) entry.printed = entry.kept();
  }
  committed(records, printed);
}

std::vector<coordinator::FoundOutput> Spool::found() const {
  std::vector<coordinator::FoundOutput> found;
  for (const auto& [holder, epoch] : earlier_) found.push_back({holder, bytes(holder)});
  return found;
}

void Spool::cut(const coordinator::CutOutput& cut) {
  require(!knows_earlier_, "output was cut after recovery");
  resumed_.insert(cut.attempt);
  const std::size_t s = index(cut.stream);
  require(cut.bytes <= bytes(cut.attempt)[s], "output was cut behind its end");
  Entry* const entry = find(cut.attempt);
  if (entry == nullptr) return;
  entry->before_cut[s] = std::max(entry->before_cut[s], entry->bytes[s]);
  entry->bytes[s] = entry->durable[s] = entry->syncing[s] = cut.bytes;
}

void Spool::keep(const std::vector<Holder>& attempts) {
  require(!std::exchange(knows_earlier_, true),
          "output of earlier epochs was looked through twice");
  std::set<Key> kept;
  for (const Holder& holder : attempts) kept.insert(key_of(holder));
  std::vector<Key> gone;
  for (const auto& [key, entry] : entries_) {
    if (!entry.record && !kept.contains(key)) gone.push_back(key);
  }
  for (const Key& key : gone) remove(key);
  std::erase_if(earlier_, [&](const auto& of) { return !kept.contains({of.first, of.second}); });
}

}  // namespace rollcall::sim
