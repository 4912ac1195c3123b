#include "coordinator/exec/results/spool_thread.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <future>
#include <iterator>
#include <utility>

#include "common/base/check.h"
#include "common/os/signals_blocked.h"
#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {
namespace {

/// A low limit of file sizes (ulimit -f) and a directory that cannot be used are like a full disk:
/// no bytes go there now.
bool is_disk_full(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG || error == ENOENT ||
         error == ENOTDIR || error == EACCES || error == EROFS;
}

std::uint64_t left(std::uint64_t limit, std::uint64_t used) {
  return limit > used ? limit - used : 0;
}

}  // namespace

SpoolThread::SpoolThread(boost::asio::io_context& loop, std::unique_ptr<SpoolFiles> files,
                         const OutputSpool::Settings& settings, OutputSpool::Handlers handlers)
    : loop_(loop),
      files_(std::move(files)),
      directory_(files_->directory()),
      settings_(settings),
      handlers_(std::move(handlers)) {}

std::vector<SpooledOutput> SpoolThread::start() {
  std::vector<SpooledOutput> existing = files_->list();
  for (const SpooledOutput& output : existing) {
    for (const OutputStream stream : {OutputStream::out, OutputStream::err}) {
      const std::uint64_t bytes = output.bytes[index(stream)];
      if (bytes == 0) continue;
      streams_[{output.key, stream}] = {++versions_, bytes, bytes, bytes, 0, {}, 0};
      disk_bytes_ += bytes;
    }
  }
  const os::SignalsBlocked blocked;  // the loop handles signals
  thread_ = std::thread([this] { run(); });
  return existing;
}

void SpoolThread::stop() {
  handlers_ = {};
  is_stopped_ = true;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    wake_.notify_one();
    progress_.notify_all();
  }
  thread_.join();
  files_.reset();
}

std::uint64_t SpoolThread::room() const {
  const std::lock_guard lock(mutex_);
  return std::min(left(settings_.memory_bytes, queued_bytes_),
                  left(settings_.disk_bytes, disk_bytes_));
}

std::uint64_t SpoolThread::disk_room() const {
  const std::lock_guard lock(mutex_);
  return left(settings_.disk_bytes, disk_bytes_);
}

std::uint64_t SpoolThread::unwritten() const {
  const std::lock_guard lock(mutex_);
  return queued_bytes_;
}

void SpoolThread::append(const SpoolStream& stream, std::string bytes) {
  if (bytes.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = streams_.try_emplace(stream);
  Stream& to = found->second;
  if (is_new) to.version = ++versions_;
  const std::uint64_t at = to.appended;
  to.appended += bytes.size();
  queued_bytes_ += bytes.size();
  disk_bytes_ += bytes.size();
  to.pieces.push_back({at, std::make_shared<const std::string>(std::move(bytes))});
  waiting_.insert(stream);
  if (may_write()) wake_.notify_one();
}

std::uint64_t SpoolThread::written(const SpoolStream& stream) const {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  return found == streams_.end() ? 0 : found->second.written;
}

void SpoolThread::finished(const SpoolStream& stream) {
  const std::lock_guard lock(mutex_);
  request([stream](SpoolFiles& files) { files.close(stream); });
}

void SpoolThread::read(const SpoolStream& stream, std::uint64_t from, std::size_t most,
                       OutputSpool::ReadHandler done) {
  const std::size_t size = std::min<std::uint64_t>(most, left(written(stream), from));
  const std::lock_guard lock(mutex_);
  request([this, stream, from, size, done = std::move(done)](SpoolFiles& files) {
    std::string bytes(size, '\0');
    const int failed = size == 0 ? 0 : files.read(stream, from, bytes);
    Result<std::string> result = std::move(bytes);
    if (failed != 0) result = error("read", failed);
    post([done, result = std::move(result)]() mutable { done(std::move(result)); });
  });
}

/// What is in memory is copied at once. The thread reads the file before it carries out later
/// requests to delete something.
void SpoolThread::peek(const SpoolStream& stream, std::uint64_t from, std::size_t most,
                       OutputSpool::PeekHandler done) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  std::uint64_t on_disk = 0;
  std::string in_memory;
  if (found != streams_.end()) {
    const Stream& of = found->second;
    from = std::max(from, of.printed);
    on_disk = std::min<std::uint64_t>(most, left(of.stored, from));
    in_memory = from_memory(of, from + on_disk, most - on_disk);
  }
  request([this, stream, from, on_disk, in_memory = std::move(in_memory),
           done = std::move(done)](SpoolFiles& files) {
    std::string bytes(on_disk, '\0');
    const int failed = on_disk == 0 ? 0 : files.read(stream, from, bytes);
    Result<OutputSpool::Peeked> result = OutputSpool::Peeked{from, bytes + in_memory};
    if (failed != 0) result = error("read", failed);
    post([done, result = std::move(result)]() mutable { done(std::move(result)); });
  });
}

void SpoolThread::cut(const SpoolStream& stream, std::uint64_t at) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  CHECK(at <= (found == streams_.end() ? 0 : found->second.written));
  if (found == streams_.end()) return;
  const std::uint64_t printed = std::min(found->second.printed, at);
  drop(stream, found->second);
  found->second = {++versions_, at, at, at, printed, {}, 0};
  disk_bytes_ += at - printed;
  request([stream, at](SpoolFiles& files) { files.cut(stream, at); });
}

void SpoolThread::remove(const SpoolStream& stream) {
  const std::lock_guard lock(mutex_);
  erase(stream);
}

void SpoolThread::keep(const SpoolStream& stream) {
  const std::lock_guard lock(mutex_);
  if (forget(stream)) request([stream](SpoolFiles& files) { files.close(stream); });
}

void SpoolThread::retry() {
  const std::lock_guard lock(mutex_);
  is_halted_ = false;
  must_write_ = true;
  broken_.reset();
  wake_.notify_one();
}

Result<std::string> SpoolThread::read(const SpoolStream& stream, std::uint64_t from,
                                      std::size_t most) {
  const auto promise = std::make_shared<std::promise<Result<std::string>>>();
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return has_ended();
    const auto found = streams_.find(stream);
    if (found == streams_.end()) return std::string();
    const std::uint64_t on_disk = left(found->second.stored, from);
    if (on_disk == 0 && settings_.sync) return std::string();
    if (on_disk == 0) return from_memory(found->second, from, most);
    const std::size_t size = std::min<std::uint64_t>(most, on_disk);
    request([this, stream, from, size, promise](SpoolFiles& files) {
      std::string bytes(size, '\0');
      const int failed = files.read(stream, from, bytes);
      promise->set_value(failed == 0 ? Result<std::string>(std::move(bytes))
                                     : error("read", failed));
    });
  }
  return promise->get_future().get();
}

Result<void> SpoolThread::wait_until_written(const SpoolKey& key) {
  std::unique_lock lock(mutex_);
  must_write_ = true;
  wake_.notify_one();
  for (const OutputStream stream : {OutputStream::out, OutputStream::err}) {
    const auto found = streams_.find({key, stream});
    const std::uint64_t bytes = found == streams_.end() ? 0 : found->second.appended;
    progress_.wait(lock, [&] {
      return is_stopping_ || broken_ || is_stored({key, stream}, bytes);
    });
    if (is_stored({key, stream}, bytes)) continue;
    return broken_ ? *broken_ : has_ended();
  }
  return {};
}

void SpoolThread::printed(const SpoolStream& stream, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end() || is_stopping_) return;
  Stream& of = found->second;
  const std::uint64_t before = of.printed;
  of.printed = std::clamp(bytes, before, of.appended);
  if (of.printed == before) return;
  disk_bytes_ -= of.printed - before;
  drop_printed(stream, of);
  if (of.printed / limits::spool_block > before / limits::spool_block) release(stream, of);
  post_change();
}

void SpoolThread::printed(const SpoolKey& key) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return;
  const bool had_out = erase({key, OutputStream::out});
  const bool had_err = erase({key, OutputStream::err});
  if (had_out || had_err) post_change();
}

void SpoolThread::request(Request request) {
  requests_.push_back(std::move(request));
  wake_.notify_one();
}

void SpoolThread::release(const SpoolStream& name, const Stream& stream) {
  request([name, upto = stream.printed](SpoolFiles& files) { files.release(name, upto); });
}

/// Bytes that are printed before they are written need no file.
void SpoolThread::drop_printed(const SpoolStream& name, Stream& stream) {
  const auto first = stream.pieces.begin() + static_cast<std::ptrdiff_t>(stream.being_written);
  auto end = first;
  for (; end != stream.pieces.end() && end->end() <= stream.printed; ++end) {
    queued_bytes_ -= end->bytes->size();
  }
  if (end != first) release(name, stream);  // the next bytes are written behind a gap
  stream.pieces.erase(first, end);
  if (stream.pieces.size() == stream.being_written) waiting_.erase(name);
  stream.stored = std::max(stream.stored, stream.printed);
  stream.written = std::max(stream.written, stream.printed);
  progress_.notify_all();
}

/// Makes room for all bytes of the stream but those that are being written: end_batch() does it.
void SpoolThread::drop(const SpoolStream& name, Stream& stream) {
  disk_bytes_ -= stream.appended - stream.printed;
  for (std::size_t i = stream.being_written; i < stream.pieces.size(); ++i) {
    queued_bytes_ -= stream.pieces[i].bytes->size();
  }
  waiting_.erase(name);
  progress_.notify_all();
}

/// Returns false if the stream is not known.
bool SpoolThread::forget(const SpoolStream& stream) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return false;
  drop(stream, found->second);
  streams_.erase(found);
  return true;
}

/// Forgets the stream and deletes its file. Returns false if there is no such stream.
bool SpoolThread::erase(const SpoolStream& stream) {
  if (!forget(stream)) return false;
  request([stream](SpoolFiles& files) { files.remove(stream); });
  return true;
}

/// The loop is alive, because stop() was not called.
void SpoolThread::post_change() {
  if (std::exchange(is_change_posted_, true)) return;
  post([this] {
    {
      const std::lock_guard lock(mutex_);
      is_change_posted_ = false;
    }
    if (handlers_.changed) handlers_.changed();
  });
}

std::string SpoolThread::from_memory(const Stream& stream, std::uint64_t from, std::size_t most) {
  std::string bytes;
  const auto after = std::ranges::upper_bound(stream.pieces, from, {}, &Piece::end);
  for (auto piece = after; piece != stream.pieces.end() && bytes.size() < most; ++piece) {
    const std::uint64_t skipped = left(from + bytes.size(), piece->at);
    bytes.append(*piece->bytes, skipped, most - bytes.size());
  }
  return bytes;
}

bool SpoolThread::may_write() const {
  return !waiting_.empty() && !is_halted_ && (must_write_ || queued_bytes_ > settings_.idle_bytes);
}

/// A stream that was removed need not be.
bool SpoolThread::is_stored(const SpoolStream& stream, std::uint64_t bytes) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() || found->second.stored >= bytes;
}

void SpoolThread::run() {
  while (true) {
    const Work work = next_work();
    for (const Request& request : work.requests) request(*files_);
    if (work.is_last) return;
    if (!work.batches.empty()) write(work.batches);
  }
}

SpoolThread::Work SpoolThread::next_work() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return is_stopping_ || !requests_.empty() || may_write(); });
  Work work{std::exchange(requests_, {}), {}, is_stopping_};
  if (is_stopping_ || !may_write()) return work;
  must_write_ = false;
  for (const SpoolStream& name : std::exchange(waiting_, {})) {
    Stream& stream = streams_.at(name);
    stream.being_written = stream.pieces.size();
    work.batches.push_back({name, stream.version, {stream.pieces.begin(), stream.pieces.end()}});
  }
  return work;
}

void SpoolThread::write(const std::vector<Batch>& batches) {
  int failed = 0;
  std::size_t stored = 0;
  while (stored < batches.size() && failed == 0) {
    failed = write_batch(batches[stored]);
    if (failed == 0) ++stored;
  }
  if (settings_.sync && stored > 0) {
    const int name_error = files_->sync_names();
    if (name_error != 0) stored = 0;
    if (name_error != 0) failed = name_error;
  }
  std::vector<Written> written;
  {
    const std::lock_guard lock(mutex_);
    if (failed != 0) is_halted_ = true;
    if (failed != 0 && !is_disk_full(failed)) broken_ = error("write", failed);
    for (std::size_t i = 0; i < batches.size(); ++i) {
      const Batch& batch = batches[i];
      end_batch(batch, i < stored);
      if (i < stored) written.push_back({{batch.stream, batch.pieces.back().end()}, batch.version});
    }
    progress_.notify_all();
  }
  if (!written.empty()) post([this, written = std::move(written)] { on_written(written); });
  if (failed == 0) return;
  post([this, failed, text = error("write", failed).message] {
    handlers_.trouble({failed, text, is_disk_full(failed)});
  });
}

/// All bytes of one stream. After a failed sync, the system may have dropped bytes: all of them are
/// written again.
int SpoolThread::write_batch(const Batch& batch) {
  for (const Piece& piece : batch.pieces) {
    const int failed = files_->write(batch.stream, piece.at, *piece.bytes);
    if (failed != 0) return failed;
  }
  return settings_.sync ? files_->sync(batch.stream) : 0;
}

/// Requires the mutex. Pieces that are not stored wait again.
void SpoolThread::end_batch(const Batch& batch, bool is_done) {
  const auto found = streams_.find(batch.stream);
  const bool is_old = found == streams_.end() || found->second.version != batch.version;
  if (is_old || is_done) {
    for (const Piece& piece : batch.pieces) queued_bytes_ -= piece.bytes->size();
  }
  if (is_old) return;
  Stream& stream = found->second;
  if (is_done) {
    stream.pieces.erase(stream.pieces.begin(),
                        stream.pieces.begin() + static_cast<std::ptrdiff_t>(batch.pieces.size()));
    stream.stored = std::max(stream.stored, batch.pieces.back().end());
  }
  stream.being_written = 0;
  if (!stream.pieces.empty()) waiting_.insert(batch.stream);
  drop_printed(batch.stream, stream);
}

/// Runs `call` on the loop, unless the spool is gone by then.
template <class Call>
void SpoolThread::post(Call call) {
  boost::asio::post(loop_, [self = shared_from_this(), call = std::move(call)]() mutable {
    if (!self->is_stopped_) call();
  });
}

void SpoolThread::on_written(const std::vector<Written>& all) {
  std::vector<SpooledSoFar> news;
  {
    const std::lock_guard lock(mutex_);
    for (const Written& written : all) {
      const auto found = streams_.find(written.so_far.stream);
      if (found == streams_.end() || found->second.version != written.version) continue;
      found->second.written = std::max(found->second.written, written.so_far.bytes);
      news.push_back(written.so_far);
    }
  }
  if (!news.empty()) handlers_.written(news);
}

Error SpoolThread::error(const std::string& verb, int number) const {
  return permanent("cannot " + verb + " output in " + directory_ + ": " + std::strerror(number));
}

Error SpoolThread::has_ended() const {
  return permanent("cannot read output in " + directory_ + ": the spool has ended");
}

}  // namespace rollcall::coordinator
