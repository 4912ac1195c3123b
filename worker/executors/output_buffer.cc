#include "worker/executors/output_buffer.h"

#include <algorithm>
#include <utility>

namespace rollcall::worker {

void OutputBuffer::append(std::string_view bytes) {
  size_ += bytes.size();
  while (is_wanted_ && !bytes.empty()) {
    if (chunks_.empty() || chunks_.back().size() >= limits::output_row_bytes) {
      chunks_.emplace_back();
    }
    std::string& last = chunks_.back();
    const std::size_t room = limits::output_row_bytes - last.size();
    last.append(bytes.substr(0, room));
    bytes.remove_prefix(std::min(room, bytes.size()));
  }
}

bool OutputBuffer::copy(std::uint64_t offset, std::uint64_t size, std::string& to) {
  if (!is_wanted_ || offset < first_ || offset > sent_ || size > size_ - offset) return false;
  std::uint64_t begin = first_;  // of the chunk
  for (auto chunk = chunks_.begin(); chunk != chunks_.end() && begin < offset + size; ++chunk) {
    const std::uint64_t end = begin + chunk->size();
    const std::uint64_t from = std::max(begin, offset);
    const std::uint64_t until = std::min(end, offset + size);
    if (from < until) to.append(*chunk, from - begin, until - from);
    begin = end;
  }
  sent_ = std::max(sent_, offset + size);
  make_room();
  return true;
}

void OutputBuffer::forget(std::uint64_t bytes) {
  if (bytes == kNotWanted) {
    is_wanted_ = false;
    chunks_.clear();
    make_room();
    return;
  }
  const std::uint64_t end = std::min(bytes, sent_);
  while (!chunks_.empty() && first_ + chunks_.front().size() <= end) {
    first_ += chunks_.front().size();
    chunks_.pop_front();
  }
}

std::string OutputBuffer::take_unsent() {
  std::string bytes;
  const std::uint64_t sent = sent_;
  if (unsent() > 0) copy(sent, unsent(), bytes);
  sent_ = sent;
  size_ = sent;
  chunks_.clear();
  first_ = sent;
  return bytes;
}

std::uint64_t OutputBuffer::drop_unsent() {
  const std::uint64_t dropped = unsent();
  std::uint64_t left = dropped;
  while (left > 0) {
    std::string& last = chunks_.back();
    const std::uint64_t cut = std::min<std::uint64_t>(left, last.size());
    last.resize(last.size() - cut);
    left -= cut;
    if (last.empty()) chunks_.pop_back();
  }
  size_ -= dropped;
  return dropped;
}

std::size_t OutputBuffer::held() const {
  std::size_t bytes = 0;
  for (const std::string& chunk : chunks_) bytes += chunk.size();
  return bytes;
}

void OutputBuffer::make_room() {
  if (on_room && has_room()) std::exchange(on_room, nullptr)();
}

}  // namespace rollcall::worker
