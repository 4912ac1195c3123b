#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <utility>

#include "common/os/descriptor.h"
#include "common/os/file_io.h"
#include "common/os/temporary_file.h"
#include "coordinator/core/model/limits.h"
#include "coordinator/exec/results/spool_files.h"

namespace rollcall::coordinator {
namespace {

constexpr std::uint64_t kBlock = limits::spool_block;

class UnnamedSpool final : public SpoolFiles {
 public:
  explicit UnnamedSpool(std::string directory) : directory_(std::move(directory)) {}

  const std::string& directory() const override { return directory_; }
  std::vector<SpooledOutput> list() override { return {}; }

  int write(const SpoolStream& stream, std::uint64_t at, std::string_view bytes) override {
    if (!file_) file_ = os::temporary_file(directory_);
    if (!file_) return errno;
    Blocks& blocks = streams_[stream];
    while (!bytes.empty()) {
      const bool is_new = !blocks.contains(at / kBlock);
      if (is_new) blocks[at / kBlock] = take_block();
      const std::string_view piece = bytes.substr(0, kBlock - at % kBlock);
      const int error = os::write_at(file_.get(), piece, place(blocks, at));
      if (error != 0) {
        cut(stream, is_new ? at - at % kBlock : at);  // another block may have room later
        return error;
      }
      bytes.remove_prefix(piece.size());
      at += piece.size();
    }
    return 0;
  }

  int sync(const SpoolStream&) override { return ENOTSUP; }
  int sync_names() override { return ENOTSUP; }

  int read(const SpoolStream& stream, std::uint64_t at, std::span<char> bytes) override {
    const auto found = streams_.find(stream);
    while (!bytes.empty()) {
      if (found == streams_.end() || !found->second.contains(at / kBlock)) return EIO;
      const auto piece = bytes.first(std::min<std::size_t>(bytes.size(), kBlock - at % kBlock));
      const int error = os::read_at(file_.get(), piece, place(found->second, at));
      if (error != 0) return error;
      bytes = bytes.subspan(piece.size());
      at += piece.size();
    }
    return 0;
  }

  int cut(const SpoolStream& stream, std::uint64_t at) override {
    const auto found = streams_.find(stream);
    if (found == streams_.end()) return 0;
    Blocks& blocks = found->second;
    free_blocks(blocks, blocks.lower_bound((at + kBlock - 1) / kBlock), blocks.end());
    return 0;
  }

  void release(const SpoolStream& stream, std::uint64_t upto) override {
    const auto found = streams_.find(stream);
    if (found == streams_.end()) return;
    Blocks& blocks = found->second;
    free_blocks(blocks, blocks.begin(), blocks.lower_bound(upto / kBlock));
  }

  int remove(const SpoolStream& stream) override {
    cut(stream, 0);
    streams_.erase(stream);
    if (streams_.empty() && file_ && ::ftruncate(file_.get(), 0) == 0) {
      free_.clear();
      block_count_ = 0;
    }
    return 0;
  }

  void close(const SpoolStream&) override {}

 private:
  /// By the number of the block in the stream, its number in the file.
  using Blocks = std::map<std::uint64_t, std::uint64_t>;

  static std::int64_t place(const Blocks& blocks, std::uint64_t at) {
    return static_cast<std::int64_t>(blocks.at(at / kBlock) * kBlock + at % kBlock);
  }

  std::uint64_t take_block() {
    if (free_.empty()) return block_count_++;
    return free_.extract(free_.begin()).value();
  }

  void free_blocks(Blocks& blocks, Blocks::iterator begin, Blocks::iterator end) {
    for (auto block = begin; block != end; ++block) free_block(block->second);
    blocks.erase(begin, end);
  }

  void free_block(std::uint64_t block) {
    // Without this, the space is used again, but not by others.
    [[maybe_unused]] const int error =
        ::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    static_cast<off_t>(block * kBlock), static_cast<off_t>(kBlock));
    free_.insert(block);
  }

  std::string directory_;
  os::Descriptor file_;
  std::map<SpoolStream, Blocks> streams_;
  std::set<std::uint64_t> free_;  ///< the lowest is used first
  std::uint64_t block_count_ = 0;
};

}  // namespace

std::unique_ptr<SpoolFiles> make_unnamed_spool(const std::string& directory) {
  return std::make_unique<UnnamedSpool>(directory);
}

}  // namespace rollcall::coordinator
