#include "worker/core/output_sender.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::worker {

ListedOutput list_output(const DurableOutput& output, const HeldColumns& attempts) {
  ListedOutput listed;
  for (std::size_t i = 0; i < attempts.size() && !output.empty(); ++i) {
    const auto found = output.find({attempts.task[i], attempts.attempt[i]});
    if (found == output.end()) continue;
    for (const OutputStream stream : kOutputStreams) {
      if (!found->second[index(stream)]) continue;
      listed.row.push_back(static_cast<std::uint32_t>(i));
      listed.stream.push_back(stream);
      listed.from.push_back(*found->second[index(stream)]);
    }
  }
  return listed;
}

/// Packs rows into messages.
class OutputSender::Messages {
 public:
  Messages(const Header& header, Actions& out) : header_(header), out_(out) {}
  ~Messages() { flush(); }
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;

  void add(const OutputPart& row) {
    if (parts_.size() >= limits::output_rows || bytes_ + row.size > limits::output_bytes) flush();
    parts_.push_back(row);
    bytes_ += row.size;
  }

 private:
  void flush() {
    if (parts_.empty()) return;
    out_.push_back(SendOutput{header_, std::exchange(parts_, {})});
    bytes_ = 0;
  }

  const Header& header_;
  Actions& out_;
  std::vector<OutputPart> parts_;
  std::uint64_t bytes_ = 0;
};

void OutputSender::start_epoch() {
  window_ = {};
  heard_ = {};
  in_flight_ = 0;
  for (auto& [key, entry] : entries_) {
    for (Stream& stream : entry.streams) {
      if (!stream.is_wanted) continue;
      stream.taken = stream.durable;
      stream.row_ends.clear();
      for (std::uint64_t end = stream.durable; end < stream.sent;) {
        const std::uint64_t size = std::min(stream.sent - end, limits::output_row_bytes);
        stream.row_ends.push_back(end += size);
        in_flight_ += size + limits::output_row_cost;
      }
    }
  }
}

void OutputSender::set_window(const OutputWindow& window) {
  if (window.number > window_.number) window_ = window;
}

// What was read.

void OutputSender::read(Instant now, const std::vector<OutputProgress>& progress) {
  if (!is_enabled_) return;
  for (const OutputProgress& each : progress) {
    const Key key{each.task, each.attempt};
    Entry& entry = entries_[key];
    for (std::size_t i = 0; i < entry.streams.size(); ++i) {
      Stream& stream = entry.streams[i];
      CHECK(each.bytes[i] >= (each.has_ended ? stream.sent : stream.read));
      stream.read = each.bytes[i];
    }
    entry.has_ended |= each.has_ended;
    note_progress(now, key, entry);
  }
}

/// Its unsent bytes must be sent: more than an outcome carries, or enough for a row, or old.
bool OutputSender::must_send(Instant now, const Entry& entry) {
  if (entry.is_released) return false;
  const std::uint64_t unsent = entry.unsent();
  if (entry.has_ended) return unsent > limits::output_tail;
  if (unsent >= limits::output_tail) return true;
  return unsent > 0 && entry.waits_since != kNever &&
         now - entry.waits_since >= limits::output_wait;
}

bool OutputSender::is_complete(const Entry& entry) {
  const auto is_durable = [](const Stream& stream) {
    return !stream.is_wanted || stream.durable == stream.sent;
  };
  return entry.has_ended && entry.unsent() <= limits::output_tail &&
         std::ranges::all_of(entry.streams, is_durable);
}

/// What follows when the counts of an entry have changed.
void OutputSender::note_progress(Instant now, const Key& key, Entry& entry) {
  if (entry.is_released) return;
  if (is_complete(entry)) {
    entry.is_released = true;
    complete_.push_back(key);
  } else if (must_send(now, entry)) {
    queue(key, entry);
  } else if (entry.unsent() > 0 && entry.waits_since == kNever && !entry.has_ended) {
    wait(now, key, entry);
  }
}

void OutputSender::wait(Instant now, const Key& key, Entry& entry) {
  entry.waits_since = now;
  waiting_.emplace_back(now + limits::output_wait, key);
}

void OutputSender::queue(const Key& key, Entry& entry) {
  if (!std::exchange(entry.is_queued, true)) ready_.push_back(key);
}

// What is sent.

/// For the next row, with its cost.
std::uint64_t OutputSender::room() const {
  std::uint64_t room = window_.bytes - std::min(window_.bytes, in_flight_);
  if (window_.only_attempt == 0) {
    room =
        std::min(room, limits::output_undurable - std::min(limits::output_undurable, undurable_));
  }
  return room;
}

/// One row of each stream. Returns false if there is no room.
bool OutputSender::send_rows(Instant now, const Key& key, Entry& entry, Messages& messages) {
  bool is_sent = false;
  for (const OutputStream name : kOutputStreams) {
    Stream& stream = entry.streams[index(name)];
    if (stream.unsent() == 0 || room() <= limits::output_row_cost) continue;
    const std::uint64_t size =
        std::min({stream.unsent(), limits::output_row_bytes, room() - limits::output_row_cost});
    messages.add({key.first, key.second, name, stream.sent, size});
    if (stream.row_ends.empty()) {
      stream.since = now;
      oldest_ = std::min(oldest_, now);
    }
    stream.sent += size;
    stream.row_ends.push_back(stream.sent);
    in_flight_ += size + limits::output_row_cost;
    undurable_ += size;
    is_sent = true;
  }
  if (!is_sent) return false;
  entry.waits_since = kNever;
  if (entry.unsent() > 0 && !entry.has_ended) wait(now, key, entry);
  return true;
}

void OutputSender::send(Instant now, const Header& header, Actions& out) {
  if (!is_enabled_) return;
  Messages messages(header, out);
  if (window_.only_attempt != 0) {
    const auto found = entries_.find({window_.only_task, window_.only_attempt});
    if (found == entries_.end()) return;
    while (must_send(now, found->second)) {
      if (!send_rows(now, found->first, found->second, messages)) return;
    }
    return;
  }
  while (!ready_.empty() && room() > limits::output_row_cost) {
    const auto found = entries_.find(ready_.front());
    ready_.pop_front();
    if (found == entries_.end()) continue;
    Entry& entry = found->second;
    entry.is_queued = false;
    if (!must_send(now, entry)) continue;
    send_rows(now, found->first, entry, messages);
    if (must_send(now, entry)) queue(found->first, entry);
  }
}

/// If all rows are taken, the answer that they are durable may be lost: one byte asks for it.
void OutputSender::send_again(Instant now, const Key& key, Entry& entry, Messages& messages) {
  for (const OutputStream name : kOutputStreams) {
    Stream& stream = entry.streams[index(name)];
    if (!stream.is_awaited()) continue;
    std::uint64_t begin = stream.taken;
    for (const std::uint64_t end : stream.row_ends) {
      messages.add({key.first, key.second, name, begin, end - begin});
      begin = end;
    }
    if (stream.row_ends.empty()) {
      messages.add({key.first, key.second, name, stream.taken - 1, 1});
    }
    stream.since = now;
  }
}

void OutputSender::resend(Instant now, const Header& header, Actions& out) {
  if (!is_enabled_ || undurable_ == 0) return;
  Messages messages(header, out);
  for (auto& [key, entry] : entries_) send_again(now, key, entry, messages);
  oldest_ = now;
}

Instant OutputSender::due(Duration resend_after) const {
  if (!is_enabled_) return kNever;
  Instant due = waiting_.empty() ? kNever : waiting_.front().first;
  if (oldest_ != kNever && heard_ > oldest_) due = std::min(due, oldest_ + resend_after);
  return due;
}

void OutputSender::send_due(Instant now, Duration resend_after, const Header& header,
                            Actions& out) {
  if (!is_enabled_) return;
  while (!waiting_.empty() && waiting_.front().first <= now) {
    const Key key = waiting_.front().second;
    waiting_.pop_front();
    const auto found = entries_.find(key);
    if (found != entries_.end() && must_send(now, found->second)) queue(key, found->second);
  }
  if (due(resend_after) > now) return;
  const auto is_overdue = [&](const Stream& stream) {
    return stream.is_awaited() && heard_ > stream.since && now - stream.since >= resend_after;
  };
  Messages messages(header, out);
  for (auto& [key, entry] : entries_) {
    if (std::ranges::any_of(entry.streams, is_overdue)) send_again(now, key, entry, messages);
  }
  find_resend_time();
}

void OutputSender::find_resend_time() {
  oldest_ = kNever;
  for (const auto& [key, entry] : entries_) {
    for (const Stream& stream : entry.streams) {
      if (stream.is_awaited()) oldest_ = std::min(oldest_, stream.since);
    }
  }
}

// What was taken.

void OutputSender::heard(Instant now) {
  heard_ = now;
}

void OutputSender::take(Instant now, Stream& stream, std::uint64_t taken) {
  if (taken <= stream.taken || taken > stream.sent) return;
  while (!stream.row_ends.empty() && stream.row_ends.front() <= taken) {
    in_flight_ -= stream.row_ends.front() - stream.taken + limits::output_row_cost;
    stream.taken = stream.row_ends.front();
    stream.row_ends.pop_front();
  }
  in_flight_ -= taken - stream.taken;  // of a row whose rest is not taken
  stream.taken = taken;
  stream.since = now;
}

/// Sends nothing more of it.
void OutputSender::discard(Stream& stream) {
  if (!std::exchange(stream.is_wanted, false)) return;
  in_flight_ -= stream.sent - stream.taken + stream.row_ends.size() * limits::output_row_cost;
  undurable_ -= stream.sent - stream.durable;
  stream.row_ends.clear();
}

void OutputSender::acknowledge(Instant now, const OutputAck& ack, Actions& out) {
  if (!is_enabled_) return;
  ForgetOutput forget;
  for (std::size_t i = 0; i < ack.rows(); ++i) {
    const auto found = entries_.find({ack.task[i], ack.attempt[i]});
    if (found == entries_.end()) continue;
    Stream& stream = found->second.streams[index(ack.stream[i])];
    if (!stream.is_wanted) continue;
    if (ack.durable[i] == kNotWanted) {
      discard(stream);
      forget.streams.push_back({ack.task[i], ack.attempt[i], ack.stream[i], kNotWanted});
    } else {
      take(now, stream, ack.taken[i]);
      const std::uint64_t durable = std::min(ack.durable[i], stream.taken);
      if (durable > stream.durable) {
        undurable_ -= durable - std::exchange(stream.durable, durable);
        stream.since = now;
        forget.streams.push_back({ack.task[i], ack.attempt[i], ack.stream[i], durable});
      }
    }
    note_progress(now, found->first, found->second);
  }
  if (!forget.streams.empty()) out.push_back(std::move(forget));
}

void OutputSender::release(Actions& out) {
  if (complete_.empty()) return;
  ReleaseOutcomes release;
  for (const auto& [task, attempt] : std::exchange(complete_, {})) {
    release.attempts.task.push_back(task);
    release.attempts.attempt.push_back(attempt);
  }
  out.push_back(std::move(release));
}

void OutputSender::end(const OutcomeColumns& outcomes) {
  for (std::size_t i = 0; i < outcomes.size() && !entries_.empty(); ++i) {
    const auto found = entries_.find({outcomes.task[i], outcomes.attempt[i]});
    if (found == entries_.end()) continue;
    for (Stream& stream : found->second.streams) discard(stream);
    entries_.erase(found);
  }
}

void OutputSender::drop() {
  entries_.clear();
  ready_.clear();
  waiting_.clear();
  complete_.clear();
  in_flight_ = 0;
  undurable_ = 0;
  oldest_ = kNever;
}

void OutputSender::list(DurableOutput& out) const {
  for (const auto& [key, entry] : entries_) {
    for (const OutputStream name : kOutputStreams) {
      const Stream& stream = entry.streams[index(name)];
      if (stream.sent == 0 && stream.is_wanted) continue;
      out[key][index(name)] = stream.is_wanted ? stream.durable : kNotWanted;
    }
  }
}

void OutputSender::check_invariants() const {
  std::uint64_t in_flight = 0;
  std::uint64_t undurable = 0;
  for (const auto& [key, entry] : entries_) {
    for (const Stream& stream : entry.streams) {
      CHECK(stream.durable <= stream.taken && stream.taken <= stream.sent);
      CHECK(stream.sent <= stream.read);
      CHECK(stream.is_wanted || stream.row_ends.empty());
      if (!stream.is_wanted) continue;
      CHECK(stream.row_ends.empty() == (stream.taken == stream.sent));
      CHECK(stream.row_ends.empty() || stream.row_ends.back() == stream.sent);
      in_flight += stream.sent - stream.taken + stream.row_ends.size() * limits::output_row_cost;
      undurable += stream.sent - stream.durable;
    }
  }
  CHECK(in_flight == in_flight_ && undurable == undurable_);
}

}  // namespace rollcall::worker
