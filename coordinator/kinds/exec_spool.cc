#include "coordinator/kinds/exec_spool.h"

#include <algorithm>
#include <mutex>
#include <tuple>
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
  /// `keeps`: what is printed may have to be printed again.
  CountingReader(std::shared_ptr<SpoolReader> spool, std::shared_ptr<EarlyCount> count, bool keeps)
      : spool_(std::move(spool)), count_(std::move(count)), keeps_(keeps) {}

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
    if (!keeps_) spool_->printed(stream, bytes);
  }
  void printed(const SpoolKey& key) override {
    if (!keeps_) spool_->printed(key);
  }

 private:
  std::shared_ptr<SpoolReader> spool_;
  std::shared_ptr<EarlyCount> count_;
  bool keeps_;
};

SessionAttempt attempt_of(const SpoolKey& key) {
  return {key.session, key.task, key.attempt};
}

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
  spool_handlers.written = [this](const std::vector<SpooledSoFar>& streams) {
    on_written(streams);
  };
  spool_handlers.trouble = [this](const SpoolTrouble& trouble) { on_trouble(trouble); };
  spool_handlers.changed = [this] { handlers_.changed(); };
  spool_ = std::make_unique<OutputSpool>(
      loop, std::move(*files),
      OutputSpool::Settings{settings_.memory_bytes, settings_.disk_bytes, settings_.has_journal,
                            settings_.idle_bytes},
      std::move(spool_handlers));
  run_.use_spool(
      std::make_shared<CountingReader>(spool_->reader(), early_count_, settings_.has_journal));
  for (const SpooledOutput& output : spool_->existing()) {
    earlier_[attempt_of(output.key)] = output.key;
    taken_[output.key].bytes = output.bytes;
  }
  for (const auto& [record, key] : unpublished_) {
    earlier_.erase(attempt_of(key));
    taken_.erase(key);
  }
}

std::vector<FoundOutput> ExecSpool::found() const {
  std::vector<FoundOutput> found;
  found.reserve(earlier_.size());
  for (const auto& [attempt, key] : earlier_) found.push_back({attempt, taken_.at(key).bytes});
  return found;
}

void ExecSpool::cut(const CutOutput& action) {
  const SpoolKey key = key_of(action.attempt);
  taken_[key].bytes[index(action.stream)] = action.bytes;
  if (spool_) spool_->cut({key, action.stream}, action.bytes);
}

void ExecSpool::keep(const std::vector<SessionAttempt>& attempts) {
  std::set<SpoolKey> kept;
  for (const SessionAttempt& attempt : attempts) kept.insert(key_of(attempt));
  std::erase_if(earlier_, [&](const auto& entry) {
    if (kept.contains(entry.second)) return false;
    taken_.erase(entry.second);
    return true;
  });
  for (const auto& [record, key] : unpublished_) kept.insert(key);
  if (spool_) spool_->remove_unlisted(kept);
}

/// In the order of tasks, what is published waits for earlier tasks before it is printed.
void ExecSpool::committed(const RunRecords& records, std::uint64_t published) {
  if (settings_.is_in_order) {
    for (; published_ < published; ++published_) published_tasks_.insert(records.task[published_]);
    while (published_tasks_.erase(task_at(first_unpublished_)) > 0) ++first_unpublished_;
  }
  published_ = published;
  std::erase_if(unpublished_, [this](const auto& entry) {
    const bool is_printed = settings_.is_in_order ? index(entry.second.task) < first_unpublished_
                                                  : entry.first < published_;
    if (is_printed) printed(entry.second);
    return is_printed;
  });
}

/// The output of a result is not needed any more.
void ExecSpool::printed(const SpoolKey& key) {
  if (!spool_) return;
  if (settings_.keeps_files) {
    spool_->keep(key);
  } else {
    spool_->remove(key);
  }
}

void ExecSpool::finish() {
  if (!spool_) return;
  for (const auto& [record, key] : unpublished_) printed(key);
  for (const auto& [attempt, key] : earlier_) spool_->remove(key);
}

void ExecSpool::on_written(const std::vector<SpooledSoFar>& streams) {
  has_failed_to_write_ = false;
  if (settings_.has_journal) {
    OutputWritten written;
    written.streams.reserve(streams.size());
    for (const SpooledSoFar& s : streams) {
      written.streams.push_back({attempt_of(s.stream.key), s.stream.stream, s.bytes});
    }
    handlers_.happened(written);
  }
  handlers_.changed();
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
  const bool is_full = is_disk_full() || spool_->disk_room() < limits::output_window;
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
  earlier_.erase(attempt);
  if (early_ == key) early_.reset();
  if (!spool_) return;
  spool_->remove(key);
  if (has_failed_to_write_) spool_->retry();
}

std::optional<SpoolKey> ExecSpool::output_of(TaskId task) const {
  std::optional<SpoolKey> latest;
  for (const auto& [key, taken] : taken_) {
    if (key.task != task) continue;
    const bool is_later =
        !latest || std::tie(latest->epoch, latest->attempt) < std::tie(key.epoch, key.attempt);
    if (is_later) latest = key;
  }
  return latest;
}

void ExecSpool::peek(const SpoolStream& stream, std::uint64_t from, std::size_t most,
                     OutputSpool::PeekHandler done) {
  if (spool_) spool_->peek(stream, from, most, std::move(done));
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
  if (settings_.has_journal) unpublished_[record] = key;
  earlier_.erase(attempt);
  taken_.erase(found);
  if (spool_) spool_->finished(key);
}

SpoolKey ExecSpool::key_of(const SessionAttempt& attempt) const {
  const auto earlier = earlier_.find(attempt);
  if (earlier != earlier_.end()) return earlier->second;
  return {attempt.session, attempt.task, attempt.attempt, epoch_};
}

void ExecSpool::on_trouble(const SpoolTrouble& trouble) {
  if (!trouble.is_disk_full || settings_.has_journal) {
    return handlers_.failed(settings_.blame + trouble.text);
  }
  has_failed_to_write_ = true;
  if (!std::exchange(has_warned_, true)) {
    handlers_.warned("no file can hold the rest of the output: " + trouble.text +
                     "; commands wait until it is printed");
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
