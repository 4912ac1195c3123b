// A disk for SQLite that fails, and whose power is cut.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace rollcall {

/// What a file would hold after a power cut; by name. A file that is not there is not in it.
using DiskImage = std::map<std::string, std::string>;

/// SQLite's default VFS while it lives: the system's own, but each operation on a file is counted,
/// can fail, and what has not been synced is known. One thread.
class FaultyVfs {
 public:
  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  /// Operation `first` from now on (1: the next) and `count - 1` after it fail with `code`. With
  /// SQLITE_FULL only those that write are counted.
  void fail(std::uint64_t first, std::uint64_t count, int code);
  void heal() { fail(0, 0, SQLITE_OK); }
  /// Since fail() or heal().
  std::uint64_t operations() const { return operations_; }

  /// Called before each write, sync, truncation and removal.
  std::function<void()> before_change;

  /// All files that were opened, after a power cut right now. `choose(n)` below n: of the n things
  /// that may have reached the disk of what was not synced, one by one, which do. Writes reach it
  /// whole, not at all, or torn at a multiple of 512 bytes.
  DiskImage power_cut(const std::function<std::uint64_t(std::uint64_t)>& choose) const;

 private:
  struct Change {
    std::int64_t at = 0;  ///< or the new size, if truncated
    std::string bytes;    ///< empty: a truncation
  };
  struct Disk {
    std::string synced;
    std::vector<Change> pending;
    bool is_new = false;  ///< and never synced: it may be gone
  };
  struct File;
  struct Methods;

  /// SQLITE_OK, or what this operation fails with.
  int operation(bool writes);
  int changing(bool writes);

  sqlite3_vfs vfs_{};
  sqlite3_vfs* system_;
  std::uint64_t operations_ = 0;
  std::uint64_t fail_first_ = 0;
  std::uint64_t fail_count_ = 0;
  int fail_code_ = SQLITE_OK;
  std::map<std::string, Disk> disks_;
};

}  // namespace rollcall
