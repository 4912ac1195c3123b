#include "coordinator/exec/input/line_blocks.h"

#include <fmt/core.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <span>
#include <system_error>
#include <utility>

#include "common/base/check.h"
#include "common/os/file_io.h"
#include "common/os/temporary_file.h"

namespace rollcall::coordinator {
namespace {

/// Blocks of the file that stay in memory even if others, which the file cannot take, fill it.
constexpr std::size_t kReadBack = 4;

template <class Vector>
std::size_t bytes_in(const Vector& values) {
  return values.size() * sizeof(values[0]);
}

std::span<char> bytes_of_marks(LineBlock& block) {
  return {reinterpret_cast<char*>(block.marks.data()), bytes_in(block.marks)};
}

}  // namespace

LineBlocks::LineBlocks(std::size_t in_memory, std::string directory)
    : in_memory_(in_memory), directory_(std::move(directory)) {
  CHECK(in_memory_ >= 2);
}

void LineBlocks::add() {
  const std::lock_guard lock(memory_->mutex);
  memory_->has_failed = false;
  memory_->slots.push_back(slots_.size());
  Slot& slot = slots_.emplace_back();
  slot.block = std::make_shared<LineBlock>();
  slot.last_use = ++memory_->uses;
  make_room();
}

std::shared_ptr<const LineBlock> LineBlocks::get(std::size_t i) const {
  const std::lock_guard lock(memory_->mutex);
  Slot& slot = slots_[i];
  slot.last_use = ++memory_->uses;
  if (!slot.block) load(i);
  return slot.block;
}

std::size_t LineBlocks::memory() const {
  const std::lock_guard lock(memory_->mutex);
  std::size_t bytes = slots_.capacity() * sizeof(Slot);
  for (const std::size_t i : memory_->slots) bytes += slots_[i].block->memory();
  return bytes;
}

void LineBlocks::make_room() const {
  while (memory_->slots.size() > in_memory_ && remove_one()) {
  }
}

/// Removes from memory the least recently used block that is in the file, or can be written to it,
/// but neither the last block, which still grows, nor the blocks used most recently. Returns false
/// if no block can be removed.
bool LineBlocks::remove_one() const {
  std::vector<std::size_t>& in_memory = memory_->slots;
  std::sort(in_memory.begin(), in_memory.end(), [this](std::size_t a, std::size_t b) {
    return slots_[a].last_use < slots_[b].last_use;
  });
  const std::size_t most_recent = std::min(kReadBack, in_memory_ - 1);
  std::size_t left = in_memory.size() - most_recent;
  for (auto i = in_memory.begin(); left > 0; ++i, --left) {
    if (*i + 1 == slots_.size()) continue;
    Slot& slot = slots_[*i];
    if (slot.at < 0 && !save(slot)) continue;
    slot.block.reset();
    in_memory.erase(i);
    return true;
  }
  return false;
}

/// Writes a block to the file. Returns false if that fails.
bool LineBlocks::save(Slot& slot) const {
  Memory& memory = *memory_;
  if (memory.has_failed) return false;
  memory.has_failed = true;
  if (!memory.file) memory.file = os::temporary_file(directory_);
  if (!memory.file) return false;
  LineBlock& block = *slot.block;
  const std::span<char> marks = bytes_of_marks(block);
  const std::int64_t marks_at = memory.file_size + static_cast<std::int64_t>(block.used);
  const int fd = memory.file.get();
  if (os::write_at(fd, {block.bytes.get(), block.used}, memory.file_size) != 0) return false;
  if (os::write_at(fd, {marks.data(), marks.size()}, marks_at) != 0) return false;
  slot.at = std::exchange(memory.file_size, marks_at + static_cast<std::int64_t>(marks.size()));
  slot.used = static_cast<std::uint32_t>(block.used);
  slot.marks = static_cast<std::uint32_t>(block.marks.size());
  memory.has_failed = false;
  return true;
}

/// Reads a block from the file.
void LineBlocks::load(std::size_t i) const {
  Slot& slot = slots_[i];
  auto block = std::make_shared<LineBlock>();
  block->used = slot.used;
  block->marks.resize(slot.marks);
  const int fd = memory_->file.get();
  int error = os::read_at(fd, {block->bytes.get(), block->used}, slot.at);
  if (error == 0) error = os::read_at(fd, bytes_of_marks(*block), slot.at + slot.used);
  if (error != 0) {
    const std::string why = std::generic_category().message(error);
    fmt::print(stderr, "rollcall: cannot read the temporary file of the input in {}: {}\n",
               directory_, why);
  }
  CHECK(error == 0);
  slot.block = std::move(block);
  memory_->slots.push_back(i);
  make_room();
}

}  // namespace rollcall::coordinator
