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

/// The queue is shared under `mutex_`; the journal is the thread's until it is joined; `handlers_`
/// is the loop's.
class JournalWriter::Thread : public std::enable_shared_from_this<Thread> {
 public:
  Thread(boost::asio::io_context& loop, Journal& journal, Handlers handlers)
      : loop_(loop), journal_(journal), handlers_(std::move(handlers)) {}

  void start() {
    const os::SignalsBlocked blocked;  // they are the loop's
    thread_ = std::thread([this] { run(); });
  }

  void keep(std::shared_ptr<const Commit> commit) {
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
  using Commits = std::vector<std::shared_ptr<const Commit>>;

  void run() {
    while (true) {
      const Commits commits = next();
      if (commits.empty() || !keep_all(commits)) return;
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

  /// Waits for the next transaction. Empty: there will be none.
  Commits next() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    Commits commits;
    std::uint64_t outcomes = 0;
    while (!waiting_.empty() && outcomes < limits::journal_transaction) {
      outcomes += waiting_.front()->outcome_count();
      commits.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    return commits;
  }

  /// False: it cannot be done.
  bool keep_all(const Commits& commits) {
    bool troubled = false;
    while (true) {
      const auto committed = journal_.commit(commits);
      if (committed) break;
      const bool is_disk_full = committed.error().kind == ErrorKind::retryable;
      if (!is_disk_full) {
        give_up(committed.error().message);
        return false;
      }
      if (!troubled) tell_trouble(committed.error().message, true);
      troubled = true;
      if (!pause()) return false;
    }
    if (troubled) tell([](const Handlers& handlers) { handlers.recovered(); });
    const std::uint64_t outcomes = commits.back()->first_record + commits.back()->outcome_count();
    note_committed(commits, outcomes);
    tell([committed = committed_](const Handlers& handlers) { handlers.committed(committed); });
    return true;
  }

  void note_committed(const Commits& commits, std::uint64_t records) {
    committed_ = {committed_.commits + commits.size(), records};
    const std::lock_guard lock(mutex_);
  }

  /// False: the writer is being stopped.
  bool pause() {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, limits::journal_retry, [this] { return stopping_; });
  }

  void give_up(const std::string& text) { tell_trouble(text, false); }

  void tell_trouble(const std::string& text, bool is_disk_full) {
    tell([text, is_disk_full](const Handlers& handlers) { handlers.trouble(text, is_disk_full); });
  }

  /// On the loop's thread, unless it was stopped by then.
  template <class Call>
  void tell(Call call) {
    boost::asio::post(loop_, [self = shared_from_this(), call = std::move(call)] {
      if (self->handlers_.committed) call(self->handlers_);
    });
  }

  boost::asio::io_context& loop_;
  Journal& journal_;
  Handlers handlers_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<const Commit>> waiting_;
  bool stopping_ = false;
  CommittedSoFar committed_;  ///< the thread's; after it was joined, the loop's
  std::thread thread_;
};

JournalWriter::JournalWriter(boost::asio::io_context& loop, Journal& journal, Handlers handlers)
    : thread_(std::make_shared<Thread>(loop, journal, std::move(handlers))) {
  thread_->start();
}

JournalWriter::~JournalWriter() {
  stop();
}

void JournalWriter::keep(std::shared_ptr<const Commit> commit) {
  thread_->keep(std::move(commit));
}

CommittedSoFar JournalWriter::stop() {
  return thread_->stop();
}

}  // namespace rollcall::coordinator
