#include "coordinator/journal/writer.h"

#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "common/os/signals_blocked.h"
#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {

/// `mutex_` guards the queue. The journal belongs to the thread until it is joined. `handlers_`
/// belongs to the loop.
class JournalWriter::Thread : public std::enable_shared_from_this<Thread> {
 public:
  Thread(boost::asio::io_context& loop, Journal& journal, Handlers handlers)
      : loop_(loop), journal_(journal), handlers_(std::move(handlers)) {}

  void start() {
    const os::SignalsBlocked blocked;  // the loop handles signals
    thread_ = std::thread([this] { run(); });
  }

  void enqueue(std::shared_ptr<const Commit> commit) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(commit));
    wake_.notify_one();
  }

  CommittedSoFar stop() {
    handlers_ = {};
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    return committed_;
  }

 private:
  using Commits = std::vector<std::shared_ptr<const Commit>>;

  void run() {
    while (true) {
      const Commits commits = next();
      if (commits.empty() || !write(commits)) return;
      const bool is_long = journal_.log_bytes() > limits::journal_log_bytes;
      const bool is_too_long = journal_.log_bytes() > limits::journal_log_most_bytes;
      if (is_too_long || (is_long && idle())) {
        if (auto moved = journal_.checkpoint(); !moved) return give_up(moved.error().message);
      }
    }
  }

  bool idle() const {
    const std::lock_guard lock(mutex_);
    return queue_.empty() && !stopping_;
  }

  /// Waits for the commits of the next transaction. Returns none if the writer is to stop.
  Commits next() {
    std::unique_lock lock(mutex_);
    const auto is_ready = [this] { return stopping_ || !queue_.empty(); };
    if (journal_.counter_is_behind() && !wake_.wait_for(lock, limits::journal_count, is_ready)) {
      lock.unlock();
      journal_.write_counter();
      lock.lock();
    }
    wake_.wait(lock, is_ready);
    Commits commits;
    std::uint64_t rows = 0;
    while (!queue_.empty() && rows < limits::journal_transaction) {
      const Commit& commit = *queue_.front();
      rows += commit.outcome_count() + (commit.tasks ? commit.tasks->count : 0);
      commits.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    return commits;
  }

  /// Returns false if the commits cannot be written.
  bool write(const Commits& commits) {
    bool was_full = false;
    while (true) {
      const auto committed = journal_.commit(commits);
      if (committed) break;
      const bool is_disk_full = committed.error().kind == ErrorKind::retryable;
      if (!is_disk_full) {
        give_up(committed.error().message);
        return false;
      }
      if (!was_full) report_trouble(committed.error().message, true);
      was_full = true;
      if (!wait_to_retry()) return false;
    }
    if (was_full) post([](const Handlers& handlers) { handlers.recovered(); });
    const std::uint64_t outcomes = commits.back()->first_record + commits.back()->outcome_count();
    note_committed(commits, outcomes);
    post([committed = committed_](const Handlers& handlers) { handlers.committed(committed); });
    return true;
  }

  void note_committed(const Commits& commits, std::uint64_t records) {
    committed_ = {committed_.commits + commits.size(), records};
    const std::lock_guard lock(mutex_);
  }

  /// Returns false if the writer is to stop.
  bool wait_to_retry() {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, limits::journal_retry, [this] { return stopping_; });
  }

  void give_up(const std::string& text) { report_trouble(text, false); }

  void report_trouble(const std::string& text, bool is_disk_full) {
    post([text, is_disk_full](const Handlers& handlers) { handlers.trouble(text, is_disk_full); });
  }

  /// Runs `call` on the loop's thread, unless stop() has been called by then.
  template <class Call>
  void post(Call call) {
    boost::asio::post(loop_, [self = shared_from_this(), call = std::move(call)] {
      if (self->handlers_.committed) call(self->handlers_);
    });
  }

  boost::asio::io_context& loop_;
  Journal& journal_;
  Handlers handlers_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<const Commit>> queue_;
  bool stopping_ = false;
  CommittedSoFar committed_;  ///< belongs to the thread until it is joined, then to the loop
  std::thread thread_;
};

JournalWriter::JournalWriter(boost::asio::io_context& loop, Journal& journal, Handlers handlers)
    : thread_(std::make_shared<Thread>(loop, journal, std::move(handlers))) {
  thread_->start();
}

JournalWriter::~JournalWriter() {
  stop();
}

void JournalWriter::enqueue(std::shared_ptr<const Commit> commit) {
  thread_->enqueue(std::move(commit));
}

CommittedSoFar JournalWriter::stop() {
  return thread_->stop();
}

}  // namespace rollcall::coordinator
