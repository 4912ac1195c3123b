#include "coordinator/exec/results/output_spool.h"

#include <utility>

#include "coordinator/exec/results/spool_thread.h"

namespace rollcall::coordinator {

OutputSpool::OutputSpool(boost::asio::io_context& loop, std::unique_ptr<SpoolFiles> files,
                         const Settings& settings, Handlers handlers)
    : thread_(std::make_shared<SpoolThread>(loop, std::move(files), settings, std::move(handlers))),
      existing_(thread_->start()) {}

OutputSpool::~OutputSpool() {
  thread_->stop();
}

std::uint64_t OutputSpool::room() const {
  return thread_->room();
}

std::uint64_t OutputSpool::disk_room() const {
  return thread_->disk_room();
}

std::uint64_t OutputSpool::unwritten() const {
  return thread_->unwritten();
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

void OutputSpool::peek(const SpoolStream& stream, std::uint64_t from, std::size_t most,
                       PeekHandler done) {
  thread_->peek(stream, from, most, std::move(done));
}

void OutputSpool::cut(const SpoolStream& stream, std::uint64_t at) {
  thread_->cut(stream, at);
}

void OutputSpool::remove(const SpoolKey& key) {
  thread_->remove({key, OutputStream::out});
  thread_->remove({key, OutputStream::err});
}

void OutputSpool::keep(const SpoolKey& key) {
  thread_->keep({key, OutputStream::out});
  thread_->keep({key, OutputStream::err});
}

std::shared_ptr<SpoolReader> OutputSpool::reader() const {
  return thread_;
}

void OutputSpool::retry() {
  thread_->retry();
}

}  // namespace rollcall::coordinator
