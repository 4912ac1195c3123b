#include "tests/sim/pipes.h"

#include <algorithm>

#include "tests/sim/world.h"

namespace rollcall::sim {
namespace {

constexpr std::uint64_t kPipe = 64U << 10U;

}  // namespace

Pipes::Pipes(Instant started, Duration length, std::vector<Write> writes)
    : writes_(std::move(writes)),
      due_(started),
      rest_(length),
      watched_from_(started + limits::read_output_after) {
  for (const Write& write : writes_) rest_ -= write.after;
  due_ += writes_.empty() ? rest_ : writes_.front().after;
}

void Pipes::write(Instant until) {
  while (next_ < writes_.size() && due_ <= until) {
    Write& now = writes_[next_];
    Stream& stream = streams_[index(now.stream)];
    const std::uint64_t bytes = std::min(now.bytes, kPipe - stream.in_pipe());
    stream.written += bytes;
    now.bytes -= bytes;
    if (now.bytes > 0) {
      is_blocked_ = true;
      return;
    }
    if (std::exchange(is_blocked_, false)) due_ = until;
    ++next_;
    due_ += next_ < writes_.size() ? writes_[next_].after : rest_;
  }
}

bool Pipes::run(Instant until) {
  write(until);
  bool was_read = false;
  const auto can_read = [](const Stream& stream) { return stream.can_read(); };
  while (until >= watched_from_ && std::ranges::any_of(streams_, can_read)) {
    for (Stream& stream : streams_) {
      if (stream.can_read()) stream.read = stream.written;
    }
    was_read = true;
    write(until);
  }
  return was_read;
}

void Pipes::drain() {
  for (Stream& stream : streams_) stream.read = stream.written;
}

Instant Pipes::next_event() const {
  Instant next = is_blocked_ ? kNever : due_;
  for (const Stream& stream : streams_) {
    if (stream.can_read()) next = std::min(next, watched_from_);
  }
  return next;
}

bool Pipes::send(const worker::OutputPart& part) {
  Stream& stream = streams_[index(part.stream)];
  if (!stream.is_wanted) return false;
  require(part.offset >= stream.forgotten, "a worker sends bytes that it has forgotten");
  require(part.offset <= stream.sent && part.offset + part.size <= stream.read && part.size > 0,
          "a worker sends bytes that it has not read, or leaves some out");
  stream.sent = std::max(stream.sent, part.offset + part.size);
  return true;
}

void Pipes::forget(const worker::ForgottenOutput& forgotten) {
  Stream& stream = streams_[index(forgotten.stream)];
  if (forgotten.bytes == kNotWanted) {
    stream.is_wanted = false;
    return;
  }
  require(forgotten.bytes <= stream.sent, "a worker forgets bytes that it has not sent");
  stream.forgotten = std::max(stream.forgotten, forgotten.bytes);
}

bool Pipes::has_begun() const {
  return std::ranges::any_of(
      streams_, [](const Stream& stream) { return stream.sent > 0 || !stream.is_wanted; });
}

bool Pipes::must_be_sent() const {
  return has_begun() || all_unsent() > limits::output_tail;
}

StreamBytes Pipes::drop_unsent() {
  if (all_unsent() <= limits::output_tail) return {};
  const StreamBytes dropped = unsent();
  for (Stream& stream : streams_) {
    if (stream.is_wanted) stream.read = stream.sent;
  }
  return dropped;
}

StreamBytes Pipes::of_each(std::uint64_t (*what)(const Stream&)) const {
  return {what(streams_[0]), what(streams_[1])};
}

StreamBytes Pipes::before() const {
  return of_each([](const Stream& stream) { return stream.is_wanted ? stream.sent : kNotWanted; });
}

StreamBytes Pipes::unsent() const {
  return of_each([](const Stream& stream) { return stream.unsent(); });
}

StreamBytes Pipes::written() const {
  return of_each([](const Stream& stream) { return stream.written; });
}

StreamBytes Pipes::read() const {
  return of_each([](const Stream& stream) { return stream.read; });
}

}  // namespace rollcall::sim
