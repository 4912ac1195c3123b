// Simulates disk errors and power cuts for SQLite.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace rollcall {

/// Contents of the files that exist after a power cut, by name.
using DiskImage = std::map<std::string, std::string>;

/// Is SQLite's default VFS during its lifetime. Forwards to the system's VFS, counts file
/// operations, makes chosen ones fail, and tracks unsynced changes. Used by one thread.
class FaultyVfs {
 public:
  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  /// Makes `count` operations fail with `code`, beginning with number `first` from now on (1 is the
  /// next one). With SQLITE_FULL only writes and truncations count.
  void fail(std::uint64_t first, std::uint64_t count, int code);
  void heal() { fail(0, 0, SQLITE_OK); }
  /// Operations counted since fail() or heal().
  std::uint64_t operations() const { return operations_; }

  /// Called before each write, sync, truncation and removal.
  std::function<void()> before_change;

  /// Returns the files as a power cut at this moment would leave them. Each unsynced write is lost,
  /// torn at a multiple of 512 bytes, or complete; a file that was never synced may be lost.
  /// `choose(n)` decides: it returns a number below n.
  DiskImage power_cut(const std::function<std::uint64_t(std::uint64_t)>& choose) const;

 private:
  struct Change {
    std::int64_t at = 0;  ///< offset, or the new size for a truncation
    std::string bytes;    ///< empty for a truncation
  };
  struct Disk {
    std::string synced;
    std::vector<Change> pending;
    bool is_new = false;  ///< created and never synced, so a power cut may remove it
  };
  struct File;
  struct Methods;

  /// Counts an operation. Returns SQLITE_OK or the code with which it fails.
  int operation(bool writes);
  /// Calls before_change, then operation().
  int on_change(bool writes);

  sqlite3_vfs vfs_{};
  sqlite3_vfs* system_;
  std::uint64_t operations_ = 0;
  std::uint64_t fail_first_ = 0;
  std::uint64_t fail_count_ = 0;
  int fail_code_ = SQLITE_OK;
  std::map<std::string, Disk> disks_;
};

}  // namespace rollcall
