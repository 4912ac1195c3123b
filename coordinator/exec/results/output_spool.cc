#include "coordinator/exec/results/output_spool.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "common/base/check.h"
#include "common/os/signals_blocked.h"

namespace rollcall::coordinator {
namespace {

/// A low limit of file sizes (ulimit -f) is like a full disk: no more bytes go there.
bool is_disk_full(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

std::uint64_t left(std::uint64_t limit, std::uint64_t used) {
  return limit > used ? limit - used : 0;
}

}  // namespace

/// `mutex_` guards what both threads use. The files belong to the thread until it is joined, the
/// handlers to the loop. A stream that is cut or deleted gets another version, or none; what was
/// appended to an earlier version is not written any more, nor reported.
class OutputSpool::Thread : public std::enable_shared_from_this<Thread> {
 public:
  Thread(boost::asio::io_context& loop, std::unique_ptr<SpoolFiles> files, const Settings& settings,
         Handlers handlers)
      : loop_(loop),
        files_(std::move(files)),
        settings_(settings),
        handlers_(std::move(handlers)) {}

  // For the loop.

  std::vector<SpooledOutput> start() {
    std::vector<SpooledOutput> existing = files_->list();
    for (const SpooledOutput& output : existing) {
      for (const OutputStream stream : {OutputStream::out, OutputStream::err}) {
        const std::uint64_t bytes = output.bytes[index(stream)];
        if (bytes > 0) streams_[{output.key, stream}] = {bytes, bytes, ++versions_};
        disk_bytes_ += bytes;
      }
    }
    const os::SignalsBlocked blocked;  // the loop handles signals
    thread_ = std::thread([this] { run(); });
    return existing;
  }

  void stop() {
    handlers_ = {};
    is_stopped_ = true;
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
      wake_.notify_one();
    }
    thread_.join();
    files_.reset();
  }

  std::uint64_t room() const {
    const std::lock_guard lock(mutex_);
    return std::min(left(settings_.memory_bytes, queued_bytes_),
                    left(settings_.disk_bytes, disk_bytes_));
  }

  void append(const SpoolStream& stream, std::string bytes) {
    if (bytes.empty()) return;
    const std::lock_guard lock(mutex_);
    const auto [found, is_new] = streams_.try_emplace(stream);
    if (is_new) found->second.version = ++versions_;
    const std::uint64_t at = found->second.appended;
    found->second.appended += bytes.size();
    queued_bytes_ += bytes.size();
    disk_bytes_ += bytes.size();
    queue_.push_back({stream, at, std::move(bytes), found->second.version});
    wake_.notify_one();
  }

  std::uint64_t written(const SpoolStream& stream) const {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(stream);
    return found == streams_.end() ? 0 : found->second.written;
  }

  void finished(const SpoolStream& stream) {
    request([stream](SpoolFiles& files) { files.close(stream); });
  }

  void read(const SpoolStream& stream, std::uint64_t from, std::size_t most, ReadHandler done) {
    const std::size_t size = std::min<std::uint64_t>(most, left(written(stream), from));
    request([this, stream, from, size, done = std::move(done)](SpoolFiles& files) {
      std::string bytes(size, '\0');
      const int error = size == 0 ? 0 : files.read(stream, from, bytes);
      Result<std::string> result = std::move(bytes);
      if (error != 0) result = permanent(error_text("read", error));
      post([done, result = std::move(result)]() mutable { done(std::move(result)); });
    });
  }

  void cut(const SpoolStream& stream, std::uint64_t at) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = streams_.find(stream);
      CHECK(at <= (found == streams_.end() ? 0 : found->second.written));
      if (found == streams_.end()) return;
      disk_bytes_ -= found->second.appended - at;
      found->second = {at, at, ++versions_};
      drop_old_versions();
    }
    request([stream, at](SpoolFiles& files) { files.cut(stream, at); });
  }

  void remove(const SpoolStream& stream) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = streams_.find(stream);
      if (found == streams_.end()) return;
      disk_bytes_ -= found->second.appended;
      streams_.erase(found);
      drop_old_versions();
    }
    request([stream](SpoolFiles& files) { files.remove(stream); });
  }

  void retry() {
    const std::lock_guard lock(mutex_);
    is_halted_ = false;
    wake_.notify_one();
  }

 private:
  struct Stream {
    std::uint64_t appended = 0;
    std::uint64_t written = 0;  ///< reported
    std::uint64_t version = 0;
  };
  struct Append {
    SpoolStream stream;
    std::uint64_t at = 0;
    std::string bytes;
    std::uint64_t version = 0;
  };
  /// What the thread does next: first the requests, in order.
  struct Work {
    std::vector<std::function<void(SpoolFiles&)>> requests;
    std::vector<Append> appends;  ///< ordered by stream
    bool is_last = false;
  };
  struct Written {
    SpooledSoFar so_far;
    std::uint64_t version = 0;
  };

  /// Requests precede all bytes that were appended after them, and follow those before that are not
  /// of an old version.
  void request(std::function<void(SpoolFiles&)> request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    wake_.notify_one();
  }

  /// Requires the mutex.
  bool is_old(const Append& append) const {
    const auto found = streams_.find(append.stream);
    return found == streams_.end() || found->second.version != append.version;
  }

  /// Frees memory while nothing is written; otherwise next_work() does it. Requires the mutex.
  void drop_old_versions() {
    if (!is_halted_) return;
    std::erase_if(queue_, [this](const Append& append) {
      if (!is_old(append)) return false;
      queued_bytes_ -= append.bytes.size();
      return true;
    });
  }

  // For the thread.

  void run() {
    while (true) {
      Work work = next_work();
      for (const auto& request : work.requests) request(*files_);
      if (work.is_last) return;
      if (!work.appends.empty()) write(std::move(work.appends));
    }
  }

  Work next_work() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] {
      return is_stopping_ || !requests_.empty() || (!queue_.empty() && !is_halted_);
    });
    Work work{std::exchange(requests_, {}), {}, is_stopping_};
    if (is_halted_ || is_stopping_) return work;
    for (Append& append : std::exchange(queue_, {})) {
      if (is_old(append)) {
        queued_bytes_ -= append.bytes.size();
      } else {
        work.appends.push_back(std::move(append));
      }
    }
    std::ranges::stable_sort(work.appends, std::less<SpoolStream>(), &Append::stream);
    return work;
  }

  void write(std::vector<Append> appends) {
    int error = 0;
    auto begin = appends.begin();
    while (begin != appends.end() && error == 0) {
      const auto end = std::find_if(begin, appends.end(), [&](const Append& append) {
        return append.stream != begin->stream;
      });
      error = write_stream({begin, end});
      if (error == 0) begin = end;
    }
    if (settings_.sync && begin != appends.begin()) {
      const int name_error = files_->sync_names();
      if (name_error != 0) begin = appends.begin();
      if (name_error != 0) error = name_error;
    }
    report_written({appends.begin(), begin});
    if (error != 0) halt(error, {begin, appends.end()});
  }

  /// All bytes of one stream. After a failed sync, the system may have dropped bytes: all of them
  /// are written again.
  int write_stream(std::span<const Append> appends) {
    for (const Append& append : appends) {
      const int error = files_->write(append.stream, append.at, append.bytes);
      if (error != 0) return error;
    }
    return settings_.sync ? files_->sync(appends.front().stream) : 0;
  }

  void report_written(std::span<const Append> appends) {
    if (appends.empty()) return;
    std::vector<Written> written;
    std::uint64_t bytes = 0;
    for (const Append& append : appends) {
      if (written.empty() || written.back().so_far.stream != append.stream) {
        written.push_back({{append.stream, 0}, append.version});
      }
      written.back().so_far.bytes = append.at + append.bytes.size();
      bytes += append.bytes.size();
    }
    {
      const std::lock_guard lock(mutex_);
      queued_bytes_ -= bytes;
    }
    post([this, written = std::move(written)] { on_written(written); });
  }

  void halt(int error, std::span<Append> appends) {
    {
      const std::lock_guard lock(mutex_);
      is_halted_ = true;
      queue_.insert(queue_.begin(), std::move_iterator(appends.begin()),
                    std::move_iterator(appends.end()));
      drop_old_versions();
    }
    post([this, error, text = error_text("write", error)] {
      handlers_.trouble({error, text, is_disk_full(error)});
    });
  }

  std::string error_text(const std::string& verb, int error) const {
    return "cannot " + verb + " output in " + files_->directory() + ": " + std::strerror(error);
  }

  /// Runs `call` on the loop, unless the spool is gone by then.
  template <class Call>
  void post(Call call) {
    boost::asio::post(loop_, [self = shared_from_this(), call = std::move(call)]() mutable {
      if (!self->is_stopped_) call();
    });
  }

  // For the loop again.

  void on_written(const std::vector<Written>& all) {
    std::vector<SpooledSoFar> news;
    {
      const std::lock_guard lock(mutex_);
      for (const Written& written : all) {
        const auto found = streams_.find(written.so_far.stream);
        if (found == streams_.end() || found->second.version != written.version) continue;
        found->second.written = written.so_far.bytes;
        news.push_back(written.so_far);
      }
    }
    if (!news.empty()) handlers_.written(news);
  }

  boost::asio::io_context& loop_;
  std::unique_ptr<SpoolFiles> files_;
  const Settings settings_;
  Handlers handlers_;
  bool is_stopped_ = false;  ///< the loop's

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::map<SpoolStream, Stream> streams_;
  std::uint64_t versions_ = 0;
  std::uint64_t disk_bytes_ = 0;    ///< appended and not removed
  std::uint64_t queued_bytes_ = 0;  ///< in queue_, or being written
  std::deque<Append> queue_;
  std::vector<std::function<void(SpoolFiles&)>> requests_;
  bool is_halted_ = false;
  bool is_stopping_ = false;

  std::thread thread_;
};

OutputSpool::OutputSpool(boost::asio::io_context& loop, std::unique_ptr<SpoolFiles> files,
                         const Settings& settings, Handlers handlers)
    : thread_(std::make_shared<Thread>(loop, std::move(files), settings, std::move(handlers))),
      existing_(thread_->start()) {}

OutputSpool::~OutputSpool() {
  thread_->stop();
}

std::uint64_t OutputSpool::room() const {
  return thread_->room();
}

const std::vector<SpooledOutput>& OutputSpool::existing() const {
  return existing_;
}

void OutputSpool::remove_unlisted(const std::set<SpoolKey>& keep) {
  for (const SpooledOutput& output : existing_) {
    if (!keep.contains(output.key)) remove(output.key);
  }
}

void OutputSpool::append(const SpoolStream& stream, std::string bytes) {
  thread_->append(stream, std::move(bytes));
}

void OutputSpool::finished(const SpoolKey& key) {
  thread_->finished({key, OutputStream::out});
  thread_->finished({key, OutputStream::err});
}

std::uint64_t OutputSpool::written(const SpoolStream& stream) const {
  return thread_->written(stream);
}

void OutputSpool::read(const SpoolStream& stream, std::uint64_t from, std::size_t most,
                       ReadHandler done) {
  thread_->read(stream, from, most, std::move(done));
}

void OutputSpool::cut(const SpoolStream& stream, std::uint64_t at) {
  thread_->cut(stream, at);
}

void OutputSpool::remove(const SpoolKey& key) {
  thread_->remove({key, OutputStream::out});
  thread_->remove({key, OutputStream::err});
}

void OutputSpool::retry() {
  thread_->retry();
}

}  // namespace rollcall::coordinator
