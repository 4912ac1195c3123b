#include "tests/support/faulty_vfs.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <new>
#include <utility>

namespace rollcall {
namespace {

void apply(std::string& content, std::int64_t at, const std::string& bytes) {
  const auto place = static_cast<std::size_t>(at);
  if (bytes.empty()) return content.resize(std::min(content.size(), place));
  if (content.size() < place + bytes.size()) content.resize(place + bytes.size());
  content.replace(place, bytes.size(), bytes);
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

/// SQLite's file object. The file object of the system's VFS follows it in memory.
struct FaultyVfs::File {
  sqlite3_file base;
  FaultyVfs* owner;
  std::string* name;
  sqlite3_file* system() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
  Disk& disk() const { return owner->disks_[*name]; }
};

struct FaultyVfs::Methods {
  static FaultyVfs& self(sqlite3_vfs* vfs) { return *static_cast<FaultyVfs*>(vfs->pAppData); }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
    FaultyVfs& owner = self(vfs);
    file->pMethods = nullptr;
    if (const int code = owner.operation(false); code != SQLITE_OK) {
      return code == SQLITE_IOERR ? SQLITE_CANTOPEN : code;
    }
    File& own = File::of(file);
    sqlite3_file* system = own.system();
    const std::string name = path != nullptr ? path : "";
    const bool existed = path != nullptr && std::ifstream(path).good();
    const int code = owner.system_->xOpen(owner.system_, path, system, flags, out);
    if (code != SQLITE_OK) return code;
    own.owner = &owner;
    own.name = new std::string(name);
    if (owner.disks_.find(name) == owner.disks_.end()) {
      owner.disks_[name] = {content_of(name), {}, !existed};
    }
    static const sqlite3_io_methods kMethods = methods();
    file->pMethods = &kMethods;
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs* vfs, const char* path, int sync) {
    FaultyVfs& owner = self(vfs);
    if (const int code = owner.on_change(false); code != SQLITE_OK) return code;
    owner.disks_.erase(path);
    return owner.system_->xDelete(owner.system_, path, sync);
  }

  static int close(sqlite3_file* file) {
    File& own = File::of(file);
    delete own.name;
    return own.system()->pMethods->xClose(own.system());
  }

  static int read(sqlite3_file* file, void* into, int count, sqlite3_int64 at) {
    File& own = File::of(file);
    if (const int code = own.owner->operation(false); code != SQLITE_OK) {
      return code | SQLITE_IOERR_READ;
    }
    return own.system()->pMethods->xRead(own.system(), into, count, at);
  }

  static int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 at) {
    File& own = File::of(file);
    if (const int code = own.owner->on_change(true); code != SQLITE_OK) {
      return code == SQLITE_IOERR ? SQLITE_IOERR_WRITE : code;
    }
    const auto* bytes = static_cast<const char*>(from);
    own.disk().pending.push_back({at, std::string(bytes, bytes + count)});
    return own.system()->pMethods->xWrite(own.system(), from, count, at);
  }

  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    File& own = File::of(file);
    if (const int code = own.owner->on_change(true); code != SQLITE_OK) {
      return code == SQLITE_IOERR ? SQLITE_IOERR_TRUNCATE : code;
    }
    own.disk().pending.push_back({size, {}});
    return own.system()->pMethods->xTruncate(own.system(), size);
  }

  static int sync(sqlite3_file* file, int flags) {
    File& own = File::of(file);
    if (const int code = own.owner->on_change(false); code != SQLITE_OK) return SQLITE_IOERR_FSYNC;
    Disk& disk = own.disk();
    for (const Change& change : disk.pending) apply(disk.synced, change.at, change.bytes);
    disk.pending.clear();
    disk.is_new = false;
    static_cast<void>(flags);  // a real sync would only slow the test down
    return SQLITE_OK;
  }

  static sqlite3_io_methods methods() {
    sqlite3_io_methods m{};
    m.iVersion = 2;
    m.xClose = close;
    m.xRead = read;
    m.xWrite = write;
    m.xTruncate = truncate;
    m.xSync = sync;
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      return File::of(f).system()->pMethods->xFileSize(File::of(f).system(), size);
    };
    m.xLock = [](sqlite3_file* f, int lock) {
      return File::of(f).system()->pMethods->xLock(File::of(f).system(), lock);
    };
    m.xUnlock = [](sqlite3_file* f, int lock) {
      return File::of(f).system()->pMethods->xUnlock(File::of(f).system(), lock);
    };
    m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
      return File::of(f).system()->pMethods->xCheckReservedLock(File::of(f).system(), out);
    };
    m.xFileControl = [](sqlite3_file* f, int what, void* argument) {
      return File::of(f).system()->pMethods->xFileControl(File::of(f).system(), what, argument);
    };
    m.xSectorSize = [](sqlite3_file*) { return 512; };
    m.xDeviceCharacteristics = [](sqlite3_file*) { return 0; };  // no guarantees
    m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return File::of(f).system()->pMethods->xShmMap(File::of(f).system(), page, size, extend, out);
    };
    m.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
      return File::of(f).system()->pMethods->xShmLock(File::of(f).system(), offset, n, flags);
    };
    m.xShmBarrier = [](sqlite3_file* f) {
      File::of(f).system()->pMethods->xShmBarrier(File::of(f).system());
    };
    m.xShmUnmap = [](sqlite3_file* f, int remove) {
      return File::of(f).system()->pMethods->xShmUnmap(File::of(f).system(), remove);
    };
    return m;
  }
};

FaultyVfs::FaultyVfs() : system_(sqlite3_vfs_find(nullptr)) {
  vfs_ = *system_;
  vfs_.pNext = nullptr;
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + system_->szOsFile;
  vfs_.zName = "faulty";
  vfs_.pAppData = this;
  vfs_.xOpen = Methods::open;
  vfs_.xDelete = Methods::remove;
  // The system's VFS must be passed itself as the first argument.
  vfs_.xAccess = [](sqlite3_vfs* v, const char* path, int flags, int* out) {
    sqlite3_vfs* system = Methods::self(v).system_;
    return system->xAccess(system, path, flags, out);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* v, const char* path, int size, char* out) {
    sqlite3_vfs* system = Methods::self(v).system_;
    return system->xFullPathname(system, path, size, out);
  };
  sqlite3_vfs_register(&vfs_, 1);
}

FaultyVfs::~FaultyVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(system_, 1);
}

void FaultyVfs::fail(std::uint64_t first, std::uint64_t count, int code) {
  operations_ = 0;
  fail_first_ = first;
  fail_count_ = count;
  fail_code_ = code;
}

int FaultyVfs::operation(bool writes) {
  if (fail_code_ == SQLITE_FULL && !writes) return SQLITE_OK;
  const std::uint64_t number = ++operations_;
  const bool hit = fail_first_ != 0 && number >= fail_first_ && number - fail_first_ < fail_count_;
  return hit ? fail_code_ : SQLITE_OK;
}

int FaultyVfs::on_change(bool writes) {
  if (before_change) before_change();
  return operation(writes);
}

DiskImage FaultyVfs::power_cut(const std::function<std::uint64_t(std::uint64_t)>& choose) const {
  constexpr std::size_t kSector = 512;
  DiskImage image;
  for (const auto& [name, disk] : disks_) {
    if (disk.is_new && choose(2) == 0) continue;
    std::string content = disk.synced;
    for (const Change& change : disk.pending) {
      const std::uint64_t fate = choose(3);
      if (fate == 0) continue;
      std::string bytes = change.bytes;
      if (fate == 1 && bytes.size() > kSector) {
        bytes.resize(kSector * choose(bytes.size() / kSector));
        if (bytes.empty()) continue;
      }
      apply(content, change.at, bytes);
    }
    image[name] = std::move(content);
  }
  return image;
}

}  // namespace rollcall
