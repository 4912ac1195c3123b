// Blocks of lines, of which a bounded number is in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/os/descriptor.h"

namespace rollcall::coordinator {

/// Whole lines in a row, each with its separator.
struct LineBlock {
  static constexpr std::size_t kBytes = std::size_t{1} << 20U;

  // Not zeroed, so that unused pages take no memory.
  std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(kBytes);
  std::size_t used = 0;
  std::vector<std::uint32_t> marks;  ///< offsets of some lines

  std::size_t memory() const { return used + marks.capacity() * sizeof(marks[0]); }
};

/// Owns blocks by number, from 0. The last one grows; the others do not change. At most `in_memory`
/// blocks stay in memory: the least recently used ones are moved to a temporary file, and read back
/// when they are needed. Blocks that the file cannot take, because it cannot be created or its disk
/// is full, stay in memory; each new block is a new try. add() and last() need one thread at a
/// time; meanwhile no other function may be called. Any threads may call the const functions at the
/// same time. Access to the file may block.
class LineBlocks {
 public:
  /// The file is created in `directory` when it is first needed. Requires in_memory >= 2.
  LineBlocks(std::size_t in_memory, std::string directory);

  std::size_t size() const { return slots_.size(); }
  /// Appends an empty block.
  void add();
  /// Requires size() > 0. The reference is valid until add().
  LineBlock& last() { return *slots_.back().block; }
  /// Requires i < size(). A block that cannot be read back from the file aborts the program after
  /// a message: a run cannot go on without its input, and with a journal it can be resumed.
  std::shared_ptr<const LineBlock> get(std::size_t i) const;

  /// Approximate memory use in bytes, for tests.
  std::size_t memory() const;

 private:
  struct Slot {
    std::shared_ptr<LineBlock> block;  ///< null: only in the file
    std::uint64_t last_use = 0;
    // In the file: `used` bytes, then `marks` marks.
    std::int64_t at = -1;  ///< -1: not in the file
    std::uint32_t used = 0;
    std::uint32_t marks = 0;
  };
  /// Guarded by the mutex.
  struct Memory {
    std::mutex mutex;
    std::uint64_t uses = 0;
    std::vector<std::size_t> slots;  ///< those with a block
    os::Descriptor file;
    std::int64_t file_size = 0;
    bool has_failed = false;  ///< the last write; until the next add()
  };

  void make_room() const;
  bool remove_one() const;
  bool save(Slot& slot) const;
  void load(std::size_t i) const;

  std::size_t in_memory_;
  std::string directory_;
  mutable std::vector<Slot> slots_;
  std::unique_ptr<Memory> memory_ = std::make_unique<Memory>();
};

}  // namespace rollcall::coordinator
