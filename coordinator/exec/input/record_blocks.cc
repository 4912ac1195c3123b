#include "coordinator/exec/input/record_blocks.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <system_error>
#include <utility>

#include "common/base/check.h"
#include "common/os/file_io.h"

namespace rollcall::coordinator {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

}  // namespace

RecordBlocks::RecordBlocks(RecordFormat format, Memory memory)
    : format_(std::move(format)),
      separator_(format_.end + format_.begin),
      memory_(std::move(memory)) {
  CHECK(format_.block_bytes >= 1 && format_.block_bytes <= limits::block_bytes_most);
}

Result<void> RecordBlocks::add(std::string_view bytes) {
  partial_ += bytes;
  std::string_view rest = partial_;
  Result<void> added;
  // What follows a block must be known as far as a record can begin there.
  while (added && rest.size() >= format_.block_bytes + format_.begin.size()) {
    const Result<std::size_t> end = block_end(rest);
    if (!end) added = end.error();
    if (!end || *end == kNone) break;
    added = append(rest.substr(0, *end));
    rest.remove_prefix(*end);
  }
  partial_.erase(0, partial_.size() - rest.size());
  return added;
}

/// Where the next block ends; kNone: not known yet.
Result<std::size_t> RecordBlocks::block_end(std::string_view rest) {
  if (separator_.empty()) return format_.block_bytes;
  std::size_t end = last_end(rest.substr(0, format_.block_bytes + format_.begin.size()));
  if (end == kNone) end = next_end(rest);
  const std::size_t bytes = end == kNone ? rest.size() - format_.begin.size() : end;
  if (bytes > limits::block_bytes_most) return too_long();
  return end;
}

Error RecordBlocks::too_long() const {
  return permanent(fmt::format(
      "byte {}: a record begins that is longer than {} bytes, the most that a command can get",
      bytes_ + 1, limits::block_bytes_most));
}

/// The end of the last record that ends in `rest`, with the beginning of the next one.
std::size_t RecordBlocks::last_end(std::string_view rest) const {
  const std::size_t at = rest.rfind(separator_);
  const std::size_t end = at == kNone ? 0 : at + format_.end.size();
  return end == 0 ? kNone : end;
}

/// The end of a first record that is longer than a block.
std::size_t RecordBlocks::next_end(std::string_view rest) {
  const std::size_t from = std::max<std::size_t>(searched_, format_.end.empty() ? 1 : 0);
  const std::size_t at = rest.find(separator_, from);
  searched_ = rest.size() - std::min(rest.size(), separator_.size() - 1);
  return at == kNone ? kNone : at + format_.end.size();
}

Result<void> RecordBlocks::finish() {
  const std::string last = std::exchange(partial_, {});
  std::string_view rest = last;
  const std::size_t end = rest.size() > format_.block_bytes ? last_end(rest) : kNone;
  Result<void> added;
  if (end != kNone) {
    added = append(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  return rest.empty() || !added ? added : append(rest);
}

void RecordBlocks::finish_early() {
  const std::string last = std::exchange(partial_, {});
  // With `begin` alone, the last record has not ended.
  const std::size_t end = separator_.empty() ? last.size() : last_end(last);
  if (end != kNone && end > 0) static_cast<void>(append(std::string_view(last).substr(0, end)));
}

Result<void> RecordBlocks::append(std::string_view block) {
  if (places_.size() == limits::task_count) {
    return permanent(fmt::format("has more blocks than the limit of {} tasks", places_.size()));
  }
  if (block.size() > limits::block_bytes_most) return too_long();
  searched_ = 0;
  bytes_ += block.size();
  longest_ = std::max(longest_, block.size());
  Place place{.size = static_cast<std::uint32_t>(block.size())};
  // Commands need the oldest blocks first: those stay where they are.
  if (in_memory_ + block.size() <= memory_.bytes || !save(block, place)) {
    place.bytes = block;
    in_memory_ += block.size();
  }
  places_.push_back(std::move(place));
  return {};
}

/// Writes a block to the file. Returns false if that fails.
bool RecordBlocks::save(std::string_view block, Place& place) {
  if (!file_) file_ = os::temporary_file(memory_.directory);
  if (!file_ || os::write_at(file_.get(), block, file_size_) != 0) return false;
  place.at = std::exchange(file_size_, file_size_ + static_cast<std::int64_t>(block.size()));
  return true;
}

std::string RecordBlocks::operator[](std::uint64_t i) const {
  CHECK(i < size());
  const Place& place = places_[i];
  if (place.at < 0) {
    CHECK(place.bytes.size() == place.size);
    return place.bytes;
  }
  std::string block(place.size, '\0');
  const int error = os::read_at(file_.get(), block, place.at);
  if (error != 0) {
    fmt::print(stderr, "rollcall: cannot read the temporary file of the input in {}: {}\n",
               memory_.directory, std::generic_category().message(error));
  }
  CHECK(error == 0);
  return block;
}

void RecordBlocks::forget(std::uint64_t i) {
  CHECK(i < size());
  Place& place = places_[i];
  in_memory_ -= place.bytes.size();
  std::string().swap(place.bytes);  // an assignment would keep the memory
  if (place.at < 0) return;
  // Where the file system cannot free a part of a file, it stays until the end.
  static_cast<void>(::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, place.at,
                                static_cast<::off_t>(place.size)));
}

std::uint64_t RecordBlocks::in_file() const {
  constexpr std::uint64_t kUnit = 512;  // of st_blocks
  struct stat status {};
  if (!file_ || ::fstat(file_.get(), &status) != 0) return 0;
  return static_cast<std::uint64_t>(status.st_blocks) * kUnit;
}

}  // namespace rollcall::coordinator
