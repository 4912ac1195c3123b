#include "coordinator/exec/input/line_store.h"

#include <algorithm>
#include <cstring>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {

Result<void> LineStore::add(std::string_view bytes) {
  for (;;) {
    const std::size_t end = bytes.find(separator_);
    const std::string_view piece = bytes.substr(0, end);
    if (unfinished_.size() + piece.size() > limits::input_line_bytes) {
      return error("is longer than " + std::to_string(limits::input_line_bytes) + " bytes");
    }
    if (end == std::string_view::npos) {
      unfinished_ += piece;
      return {};
    }
    bytes.remove_prefix(end + 1);
    Result<void> taken;
    if (unfinished_.empty()) {
      taken = take(piece);
    } else {
      unfinished_ += piece;
      taken = take(unfinished_);
      unfinished_.clear();
    }
    if (!taken) return taken;
  }
}

Result<void> LineStore::finish() {
  if (unfinished_.empty()) return {};
  const std::string last = std::move(unfinished_);
  unfinished_.clear();
  return take(last);
}

Result<void> LineStore::take(std::string_view line) {
  if (count_ == limits::task_count) {
    return error("is one more than the " + std::to_string(count_) + " that a run may have");
  }
  if (line.find('\0') != std::string_view::npos) {
    return error("has a NUL byte, which no argument can have; NUL-separated input needs --null");
  }
  if (blocks_.empty() || blocks_.back().used + line.size() + 1 > kBlockBytes) {
    blocks_.emplace_back();
    // Not zeroed: what is not written costs no memory.
    blocks_.back().bytes.reset(new char[kBlockBytes]);
    blocks_.back().first = count_;
  }
  longest_ = std::max(longest_, line.size());
  Block& block = blocks_.back();
  if ((count_ - block.first) % kMarked == 0) {
    block.marks.push_back(static_cast<std::uint32_t>(block.used));
  }
  std::memcpy(block.bytes.get() + block.used, line.data(), line.size());
  block.used += line.size();
  block.bytes[block.used++] = separator_;
  ++count_;
  return {};
}

std::string_view LineStore::operator[](std::uint64_t i) const {
  CHECK(i < count_);
  const auto is_after = [](std::uint64_t number, const Block& block) {
    return number < block.first;
  };
  const Block& block = *(std::upper_bound(blocks_.begin(), blocks_.end(), i, is_after) - 1);
  const std::uint64_t in_block = i - block.first;
  std::string_view rest(block.bytes.get(), block.used);
  rest.remove_prefix(block.marks[static_cast<std::size_t>(in_block / kMarked)]);
  for (std::uint64_t left = in_block % kMarked; left > 0; --left) {
    rest.remove_prefix(rest.find(separator_) + 1);
  }
  return rest.substr(0, rest.find(separator_));
}

std::size_t LineStore::memory() const {
  std::size_t bytes = blocks_.capacity() * sizeof(Block) + unfinished_.capacity();
  for (const Block& block : blocks_) {
    bytes += block.used + block.marks.capacity() * sizeof(std::uint32_t);
  }
  return bytes;
}

Error LineStore::error(const std::string& what) const {
  return permanent("line " + std::to_string(count_ + 1) + " " + what);
}

}  // namespace rollcall::coordinator
