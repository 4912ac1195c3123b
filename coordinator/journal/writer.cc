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

/// `mutex_` guards the queue. Only the thread uses the journal until it is joined, and only the
/// loop uses `handlers_`.
class JournalWriter::Thread : public std::enable_shared_from_this<Thread> {
 public:
  Thread(boost::asio::io_context& loop, Journal& journal, Handlers handlers)
      : loop_(loop), journal_(journal), handlers_(std::move(handlers)) {}

  void start() {
    const os::SignalsBlocked blocked;  // the loop handles signals
    thread_ = std::thread([this] { run(); });
  }

  void write(JournalCommit commit) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(commit));
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
  using Commits = std::vector<JournalCommit>;

  void run() {
    while (true) {
      const Commits commits = next();
      if (commits.empty() || !write_all(commits)) return;
      const bool much = journal_.untidy_bytes() > limits::journal_log_bytes;
      const bool too_much = journal_.untidy_bytes() > limits::journal_log_most_bytes;
      if (too_much || (much && idle())) {
        if (auto tidied = journal_.tidy(); !tidied) return give_up(tidied.error().message);
      }
    }
  }

  bool idle() const {
    const std::lock_guard lock(mutex_);
    return waiting_.empty() && !stopping_;
  }

  /// Waits for the next transaction. Returns nothing when the writer is stopped.
  Commits next() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    Commits commits;
    std::uint64_t outcomes = 0;
    while (!waiting_.empty() && outcomes < limits::journal_transaction) {
      outcomes += waiting_.front().commit->outcome_count();
      commits.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    return commits;
  }

  /// Returns false if nothing can be committed any more.
  bool write_all(const Commits& commits) {
    bool troubled = false;
    while (true) {
      const auto committed = journal_.commit(commits);
      if (committed) break;
      const bool is_disk_full = committed.error().kind == ErrorKind::retryable;
      if (!is_disk_full) {
        give_up(committed.error().message);
        return false;
      }
      if (!troubled) report_trouble(committed.error().message, true);
      troubled = true;
      if (!pause()) return false;
    }
    if (troubled) notify([](const Handlers& handlers) { handlers.recovered(); });
    const Commit& last = *commits.back().commit;
    const std::uint64_t outcomes = last.first_record + last.outcome_count();
    note_committed(commits, outcomes);
    notify([committed = committed_](const Handlers& handlers) { handlers.committed(committed); });
    return true;
  }

  void note_committed(const Commits& commits, std::uint64_t records) {
    committed_ = {committed_.commits + commits.size(), records};
    const std::lock_guard lock(mutex_);
  }

  /// Returns false if the writer is being stopped.
  bool pause() {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, limits::journal_retry, [this] { return stopping_; });
  }

  void give_up(const std::string& text) { report_trouble(text, false); }

  void report_trouble(const std::string& text, bool is_disk_full) {
    notify(
        [text, is_disk_full](const Handlers& handlers) { handlers.trouble(text, is_disk_full); });
  }

  /// Runs `call` on the loop's thread, unless the writer was stopped by then.
  template <class Call>
  void notify(Call call) {
    boost::asio::post(loop_, [self = shared_from_this(), call = std::move(call)] {
      if (self->handlers_.committed) call(self->handlers_);
    });
  }

  boost::asio::io_context& loop_;
  Journal& journal_;
  Handlers handlers_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<JournalCommit> waiting_;
  bool stopping_ = false;
  CommittedSoFar committed_;  ///< used by the thread, and by the loop once it is joined
  std::thread thread_;
};

JournalWriter::JournalWriter(boost::asio::io_context& loop, Journal& journal, Handlers handlers)
    : thread_(std::make_shared<Thread>(loop, journal, std::move(handlers))) {
  thread_->start();
}

JournalWriter::~JournalWriter() {
  stop();
}

void JournalWriter::write(JournalCommit commit) {
  thread_->write(std::move(commit));
}

CommittedSoFar JournalWriter::stop() {
  return thread_->stop();
}

}  // namespace rollcall::coordinator
