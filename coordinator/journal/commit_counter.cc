#include "coordinator/journal/commit_counter.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "coordinator/journal/file.h"
#include "coordinator/journal/sqlite/digest.h"

namespace rollcall::coordinator {
namespace {

/// A power cut may tear a sector while it is written, so two of them take turns.
constexpr std::size_t kSector = 512;
constexpr std::size_t kSlots = 2;

using Magic = std::array<char, 8>;
constexpr Magic kSlotMagic = {'R', 'c', 'C', 'o', 'm', 'm', '1', '\n'};

struct Slot {
  Magic magic = kSlotMagic;
  RunId run;
  std::uint64_t commits = 0;
  std::uint64_t checksum = 0;

  std::uint64_t own_checksum() const {
    const auto* bytes = reinterpret_cast<const char*>(run.bytes.data());
    return sqlite::digest_of(std::string_view(bytes, run.bytes.size()),
                             static_cast<std::int64_t>(commits));
  }
  bool is_valid() const { return magic == kSlotMagic && checksum == own_checksum(); }
};
static_assert(sizeof(Slot) == 40);

using Slots = std::array<Slot, kSlots>;

/// Returns the slots as they are in the file. Slots that cannot be read are not valid.
Slots read_slots(int fd) {
  Slots slots;
  for (std::size_t i = 0; i < kSlots; ++i) {
    const auto at = static_cast<off_t>(i * kSector);
    if (::pread(fd, &slots[i], sizeof(Slot), at) != sizeof(Slot)) slots[i].magic = {};
  }
  return slots;
}

std::optional<std::size_t> newest_of(const Slots& slots) {
  std::optional<std::size_t> newest;
  for (std::size_t i = 0; i < kSlots; ++i) {
    if (!slots[i].is_valid()) continue;
    if (!newest || slots[i].commits > slots[*newest].commits) newest = i;
  }
  return newest;
}

bool write_slot(int fd, std::size_t place, const CommitCounter::Count& count) {
  Slot slot;
  slot.run = count.run;
  slot.commits = count.commits;
  slot.checksum = slot.own_checksum();
  const auto at = static_cast<off_t>(place * kSector);
  return ::pwrite(fd, &slot, sizeof slot, at) == sizeof slot && ::fdatasync(fd) == 0;
}

Error cannot_write(const std::string& name) {
  const bool is_full = errno == ENOSPC || errno == EDQUOT;
  std::string text =
      fmt::format("cannot write {}: {}", name, is_full ? "the disk is full" : std::strerror(errno));
  return is_full ? retryable(std::move(text)) : permanent(std::move(text));
}

}  // namespace

std::string CommitCounter::name_of(const std::string& path) {
  return path + "-commits";
}

std::optional<CommitCounter::Count> CommitCounter::read(const std::string& path) {
  const os::Descriptor file(::open(name_of(path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return std::nullopt;
  const Slots slots = read_slots(file.get());
  const std::optional<std::size_t> newest = newest_of(slots);
  if (!newest) return std::nullopt;
  return Count{slots[*newest].run, slots[*newest].commits};
}

void CommitCounter::remove(const std::string& path) {
  if (read(path)) ::unlink(name_of(path).c_str());
}

Result<void> CommitCounter::open(const std::string& path, const Count& count) {
  const std::string name = name_of(path);
  constexpr ::mode_t kMode = 0644;
  os::Descriptor file(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, kMode));
  if (!file) return cannot_write(name);
  const Slots slots = read_slots(file.get());
  const std::optional<std::size_t> newest = newest_of(slots);
  Magic first{};  // a power cut may have left zeros
  static_cast<void>(!::pread(file.get(), &first, sizeof first, 0));
  if (!newest && first != kSlotMagic && first != Magic{}) {
    return permanent(fmt::format("{} is not a file of this journal: move it away first", name));
  }
  // Both slots exist from now on, so that a full disk does not matter any more.
  slot_ = newest ? (*newest + 1) % kSlots : 0;
  for (std::size_t i = 0; i < kSlots; ++i) {
    if (!write_slot(file.get(), slot_, count)) return cannot_write(name);
    slot_ = (slot_ + 1) % kSlots;
  }
  if (auto synced = sync_directory_of(path); !synced) return synced;
  run_ = count.run;
  file_ = std::move(file);
  return {};
}

void CommitCounter::write(std::uint64_t commits) {
  if (!file_) return;
  if (write_slot(file_.get(), slot_, {run_, commits})) slot_ = (slot_ + 1) % kSlots;
}

}  // namespace rollcall::coordinator
