#include "coordinator/exec/input/line_store.h"

#include <fmt/core.h>
#include <algorithm>
#include <cstring>
#include <memory>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {

LineStore::LineStore(char separator, const Memory& memory)
    : separator_(separator), blocks_(memory.bytes / LineBlock::kBytes, memory.directory) {}

/// A NUL separates the records in blocks, because they may contain newlines.
LineStore LineStore::csv(char field_separator, const Memory& memory) {
  LineStore store('\0', memory);
  store.csv_.emplace(field_separator);
  return store;
}

Result<void> LineStore::add(std::string_view bytes) {
  for (;;) {
    std::size_t end = 0;
    if (csv_) {
      const Result<std::size_t> found = csv_->find_end(bytes);
      if (!found) return found.error();
      end = *found;
    } else {
      end = bytes.find(separator_);
    }
    const std::string_view piece = bytes.substr(0, end);
    if (partial_.size() + piece.size() > limits::input_line_bytes) {
      const std::optional<std::uint64_t> quote = csv_ ? csv_->open_quote() : std::nullopt;
      return error(fmt::format("is longer than {} bytes{}", limits::input_line_bytes,
                               quote ? fmt::format("; a quote on line {} is open", *quote) : ""));
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
  if (csv_) {
    if (Result<void> finished = csv_->finish(); !finished) return finished;
  }
  if (partial_.empty()) return {};
  const std::string last = std::move(partial_);
  partial_.clear();
  Result<void> appended = append(last);
  if (appended) --bytes_;  // it lacks its separator
  return appended;
}

Result<void> LineStore::append(std::string_view line) {
  if (count_ == limits::task_count) {
    return error(fmt::format("exceeds the limit of {} tasks", count_));
  }
  if (line.find('\0') != std::string_view::npos) {
    return error(csv_ ? "contains a NUL byte"
                      : "contains a NUL byte; use --null for NUL-separated input");
  }
  longest_ = std::max(longest_, line.size());
  if (!csv_ && line.ends_with('\r')) ++carriage_returns_;
  LineBlock& block = block_with_room_for(line.size() + 1);
  if ((count_ - first_.back()) % kMarked == 0) {
    block.marks.push_back(static_cast<std::uint32_t>(block.used));
  }
  std::memcpy(block.bytes.get() + block.used, line.data(), line.size());
  block.used += line.size();
  block.bytes[block.used++] = separator_;
  bytes_ += line.size() + 1;
  ++count_;
  return {};
}

LineBlock& LineStore::block_with_room_for(std::size_t bytes) {
  if (blocks_.size() == 0 || blocks_.last().used + bytes > LineBlock::kBytes) {
    blocks_.add();
    first_.push_back(count_);
  }
  return blocks_.last();
}

std::string LineStore::operator[](std::uint64_t i) const {
  CHECK(i < count_);
  const auto place = std::upper_bound(first_.begin(), first_.end(), i) - 1;
  const std::shared_ptr<const LineBlock> block =
      blocks_.get(static_cast<std::size_t>(place - first_.begin()));
  const std::uint64_t in_block = i - *place;
  std::string_view rest(block->bytes.get(), block->used);
  rest.remove_prefix(block->marks[static_cast<std::size_t>(in_block / kMarked)]);
  for (std::uint64_t left = in_block % kMarked; left > 0; --left) {
    rest.remove_prefix(rest.find(separator_) + 1);
  }
  return std::string(rest.substr(0, rest.find(separator_)));
}

std::size_t LineStore::memory() const {
  return first_.capacity() * sizeof(first_[0]) + partial_.capacity() + blocks_.memory();
}

Error LineStore::error(const std::string& what) const {
  return permanent(fmt::format("line {} {}", csv_ ? csv_->line() : count_ + 1, what));
}

}  // namespace rollcall::coordinator
