#include "coordinator/exec/input/line_store.h"

#include <fmt/core.h>
#include <algorithm>
#include <cstring>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {

Result<void> LineStore::add(std::string_view bytes) {
  for (;;) {
    const std::size_t end = bytes.find(separator_);
    const std::string_view piece = bytes.substr(0, end);
    if (partial_.size() + piece.size() > limits::input_line_bytes) {
      return error(fmt::format("is longer than {} bytes", limits::input_line_bytes));
    }
    if (end == std::string_view::npos) {
      partial_ += piece;
      return {};
    }
    bytes.remove_prefix(end + 1);
    Result<void> appended;
    if (partial_.empty()) {
      appended = append(piece);
    } else {
      partial_ += piece;
      appended = append(partial_);
      partial_.clear();
    }
    if (!appended) return appended;
  }
}

Result<void> LineStore::finish() {
  if (partial_.empty()) return {};
  const std::string last = std::move(partial_);
  partial_.clear();
  return append(last);
}

Result<void> LineStore::append(std::string_view line) {
  if (count_ == limits::task_count) {
    return error(fmt::format("exceeds the limit of {} tasks", count_));
  }
  if (line.find('\0') != std::string_view::npos) {
    return error("contains a NUL byte; use --null for NUL-separated input");
  }
  if (blocks_.empty() || blocks_.back().used + line.size() + 1 > kBlockBytes) {
    blocks_.emplace_back();
    // Not zeroed, so that unused pages take no memory.
    blocks_.back().bytes.reset(new char[kBlockBytes]);
    blocks_.back().first = count_;
  }
  longest_ = std::max(longest_, line.size());
  if (line.ends_with('\r')) ++carriage_returns_;
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
  std::size_t bytes = blocks_.capacity() * sizeof(Block) + partial_.capacity();
  for (const Block& block : blocks_) {
    bytes += block.used + block.marks.capacity() * sizeof(std::uint32_t);
  }
  return bytes;
}

Error LineStore::error(const std::string& what) const {
  return permanent(fmt::format("line {} {}", count_ + 1, what));
}

}  // namespace rollcall::coordinator
