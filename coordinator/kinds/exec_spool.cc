#include "coordinator/kinds/exec_spool.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace rollcall::coordinator {

/// How much of one attempt is printed. Any thread.
class EarlyCount {
 public:
  void begin(const SpoolKey& key) {
    const std::lock_guard lock(mutex_);
    key_ = key;
    printed_ = {};
  }
  void note(const SpoolStream& stream, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (key_ == stream.key) printed_[index(stream.stream)] = bytes;
  }
  std::uint64_t printed() const {
    const std::lock_guard lock(mutex_);
    return printed_[0] + printed_[1];
  }

 private:
  mutable std::mutex mutex_;
  std::optional<SpoolKey> key_;
  std::array<std::uint64_t, kOutputStreams.size()> printed_{};
};

namespace {

/// Counts what is printed of the attempt that is printed early.
class CountingReader final : public SpoolReader {
 public:
  CountingReader(std::shared_ptr<SpoolReader> spool, std::shared_ptr<EarlyCount> count)
      : spool_(std::move(spool)), count_(std::move(count)) {}

  Result<std::string> read(const SpoolStream& stream, std::uint64_t from,
                           std::size_t most) override {
    return spool_->read(stream, from, most);
  }
  Result<void> wait_until_written(const SpoolKey& key) override {
    return spool_->wait_until_written(key);
  }
  /// Counts first: the spool reports that there is more room.
  void printed(const SpoolStream& stream, std::uint64_t bytes) override {
    count_->note(stream, bytes);
    spool_->printed(stream, bytes);
  }
  void printed(const SpoolKey& key) override { spool_->printed(key); }

 private:
  std::shared_ptr<SpoolReader> spool_;
  std::shared_ptr<EarlyCount> count_;
};

void keep_end(std::string& text, std::string_view more) {
  more.remove_prefix(more.size() - std::min(more.size(), limits::err_end_bytes));
  text += more;
  if (text.size() > limits::err_end_bytes) text.erase(0, text.size() - limits::err_end_bytes);
}

}  // namespace

ExecSpool::ExecSpool(ExecRun& run, Settings settings)
    : run_(run), settings_(std::move(settings)), early_count_(std::make_shared<EarlyCount>()) {}

ExecSpool::~ExecSpool() = default;

void ExecSpool::start(boost::asio::io_context& loop, Epoch epoch, Handlers handlers) {
  handlers_ = std::move(handlers);
  epoch_ = epoch;
  if (!settings_.make_files) return;
  auto files = settings_.make_files();
  if (!files) return handlers_.failed(settings_.blame + files.error().message);
  timer_.emplace(loop);
  OutputSpool::Handlers spool_handlers;
  spool_handlers.written = [this](const std::vector<SpooledSoFar>&) {
    has_failed_to_write_ = false;
    handlers_.changed();
  };
  spool_handlers.trouble = [this](const SpoolTrouble& trouble) { on_trouble(trouble); };
  spool_handlers.changed = [this] { handlers_.changed(); };
  spool_ = std::make_unique<OutputSpool>(
      loop, std::move(*files),
      OutputSpool::Settings{settings_.memory_bytes, settings_.disk_bytes, /*sync=*/false},
      std::move(spool_handlers));
  run_.use_spool(std::make_shared<CountingReader>(spool_->reader(), early_count_));
}

void ExecSpool::stop() {
  timer_.reset();
  spool_.reset();
}

OutputRoom ExecSpool::room() const {
  OutputRoom room;
  if (!spool_) {
    room.bytes = settings_.make_files ? 0 : std::numeric_limits<std::uint64_t>::max();
    return room;
  }
  room.bytes = is_disk_full() ? 0 : spool_->room();
  room.early_bytes = early_room();
  // What is about to be written makes room in memory.
  const bool is_full = is_disk_full() || spool_->unwritten() == 0;
  room.is_stuck = room.bytes < limits::output_window && is_full && handlers_.is_output_idle();
  return room;
}

/// With nothing left to be written, it is not known.
bool ExecSpool::is_disk_full() const {
  return has_failed_to_write_ && spool_->unwritten() > 0;
}

std::uint64_t ExecSpool::early_room() const {
  if (!early_) return 0;
  const auto found = taken_.find(*early_);
  if (found == taken_.end()) return limits::early_bytes;
  const std::uint64_t taken = found->second.bytes[0] + found->second.bytes[1];
  const std::uint64_t waiting = taken - std::min(taken, early_count_->printed());
  return limits::early_bytes - std::min(limits::early_bytes, waiting);
}

void ExecSpool::take(SessionIndex session, const rollcall::Output& output,
                     const std::vector<bool>& is_taken) {
  std::string_view rest = output.bytes;
  for (std::size_t row = 0; row < output.rows(); ++row) {
    const std::string_view bytes = rest.substr(0, output.size[row]);
    rest.remove_prefix(bytes.size());
    if (!is_taken[row]) continue;
    const OutputStream stream = output.stream[row];
    const SpoolKey key = key_of({session, output.task[row], output.attempt[row]});
    Taken& taken = taken_[key];
    taken.bytes[index(stream)] += bytes.size();
    if (stream == OutputStream::err) keep_end(taken.err_end, bytes);
    if (spool_) spool_->append({key, stream}, std::string(bytes));
  }
}

void ExecSpool::drop(const SessionAttempt& attempt) {
  const SpoolKey key = key_of(attempt);
  taken_.erase(key);
  if (early_ == key) early_.reset();
  if (!spool_) return;
  spool_->remove(key);
  if (has_failed_to_write_) spool_->retry();
}

SpoolKey ExecSpool::print_early(const SessionAttempt& attempt) {
  early_ = key_of(attempt);
  early_count_->begin(*early_);
  return *early_;
}

void ExecSpool::accepted(const SessionAttempt& attempt, std::size_t record) {
  const SpoolKey key = key_of(attempt);
  if (early_ == key) early_.reset();
  const auto found = taken_.find(key);
  if (found == taken_.end()) return;
  run_.results().set_spooled(record, {key, std::move(found->second.err_end)});
  taken_.erase(found);
  if (spool_) spool_->finished(key);
}

SpoolKey ExecSpool::key_of(const SessionAttempt& attempt) const {
  return {attempt.session, attempt.task, attempt.attempt, epoch_};
}

void ExecSpool::on_trouble(const SpoolTrouble& trouble) {
  if (!trouble.is_disk_full) return handlers_.failed(settings_.blame + trouble.text);
  has_failed_to_write_ = true;
  if (!std::exchange(has_warned_, true)) {
    handlers_.warned("the disk of the spool is full: " + trouble.text +
                     "; commands wait until there is space");
  }
  wait_for_space();
  handlers_.changed();
}

void ExecSpool::wait_for_space() {
  timer_->expires_after(limits::journal_retry);
  timer_->async_wait([this](boost::system::error_code error) {
    if (!error && spool_) spool_->retry();
  });
}

}  // namespace rollcall::coordinator
