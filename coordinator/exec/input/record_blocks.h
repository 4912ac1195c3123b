// An input that is divided into blocks of whole records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/limits.h"
#include "common/os/descriptor.h"
#include "common/os/temporary_file.h"

namespace rollcall::coordinator {

/// Where a block may end: after `end` if `begin` follows. Either may be empty. If both are, a
/// record is one byte.
struct RecordFormat {
  std::string end = "\n";
  std::string begin = {};
  std::size_t block_bytes = limits::block_bytes;  ///< from 1 to limits::block_bytes_most
};

/// Owns the blocks, numbered from 0. A block is as long as block_bytes permits. If its first record
/// is longer, it has this record alone. Input arrives in chunks that may end anywhere: the blocks
/// do not depend on them. At most Memory::bytes stay in memory; a temporary file holds the rest of
/// the blocks, until they are forgotten. One owner, one thread. Access to the file may block.
class RecordBlocks {
 public:
  struct Memory {
    std::size_t bytes = limits::lines_in_memory;
    std::string directory = os::temporary_directory();  ///< of the file
  };

  explicit RecordBlocks(RecordFormat format) : RecordBlocks(std::move(format), Memory()) {}
  RecordBlocks(RecordFormat format, Memory memory);

  /// Fails permanently if a record is longer than limits::block_bytes_most, or if there are more
  /// than limits::task_count blocks; then nothing may be added. The blocks before stay.
  Result<void> add(std::string_view bytes);
  /// The bytes so far are whole records: the last ones become a block. Fails as add() does.
  Result<void> finish();
  /// The same, but drops what is no whole record.
  void finish_early();

  std::uint64_t size() const { return places_.size(); }
  /// Returns a copy. Requires i < size(), and that the block is not forgotten. If the file cannot
  /// be read, the program aborts after a message.
  std::string operator[](std::uint64_t i) const;
  /// Frees the memory of the block. Requires i < size(). May be called again.
  void forget(std::uint64_t i);

  std::size_t bytes_of(std::uint64_t i) const { return places_[i].size; }
  /// Bytes of all blocks, forgotten or not.
  std::uint64_t bytes() const { return bytes_; }
  /// Bytes of the longest block.
  std::size_t longest() const { return longest_; }
  /// Bytes that are held in memory and in the file, for tests.
  std::size_t in_memory() const { return in_memory_; }
  std::uint64_t in_file() const;

 private:
  /// Where a block is: in `bytes`, or in the file.
  struct Place {
    std::string bytes = {};
    std::int64_t at = -1;  ///< in the file; -1: not there
    std::uint32_t size = 0;
  };

  std::size_t last_end(std::string_view rest) const;
  std::size_t next_end(std::string_view rest);
  Result<std::size_t> block_end(std::string_view rest);
  Result<void> append(std::string_view block);
  Error too_long() const;
  bool save(std::string_view block, Place& place);

  RecordFormat format_;
  std::string separator_;  ///< format_.end and format_.begin
  Memory memory_;
  std::vector<Place> places_;
  std::uint64_t bytes_ = 0;
  std::size_t longest_ = 0;
  std::size_t in_memory_ = 0;
  os::Descriptor file_;  ///< not open until it is needed
  std::int64_t file_size_ = 0;
  std::string partial_;       ///< the beginning of a block that is not complete yet
  std::size_t searched_ = 0;  ///< no record ends in partial_ beyond block_bytes and before this
};

}  // namespace rollcall::coordinator
