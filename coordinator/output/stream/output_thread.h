// Writes the output of a run on a thread of its own, so that the event loop never waits for a
// reader or a disk.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/os/descriptor.h"
#include "coordinator/output/stream/stream_writer.h"

namespace rollcall::coordinator {

/// Runs steps on its thread, in the order in which they were posted. A step appends text to
/// streams, or writes files. In between, the thread writes to each stream as much as its reader
/// takes; what waits in memory for the readers is counted in backlog(). One other thread, the
/// owner's, calls all functions, but for those that steps call. The first post() starts the thread.
class OutputThread {
 public:
  using Step = std::function<void()>;

  OutputThread();
  /// Runs the steps that were posted, and ends the thread. Text that no reader takes is dropped.
  ~OutputThread();
  OutputThread(const OutputThread&) = delete;
  OutputThread& operator=(const OutputThread&) = delete;

  /// Makes a stream for steps to append to; `fd` is the caller's. Before the first post().
  StreamWriter& add_stream(int fd, const std::string& name);
  /// `refill` is called on the thread after each round of steps and writes. It returns true if it
  /// has appended more text: then it is called again after the next writes. Before the first
  /// post().
  void after_each_round(std::function<bool()> refill) { refill_ = std::move(refill); }

  /// `changed` is called on the thread when a write has failed, spool_error() has changed, or
  /// backlog() has fallen below limits::output_backlog. It may call backlog() only.
  void notify(Step changed);

  /// `bytes`: the memory that the step holds until it has run. Never waits.
  void post(std::size_t bytes, Step step);
  /// Waits until all steps have run and all text is written.
  void drain();

  /// Bytes of text in memory that wait to be written.
  std::size_t backlog() const { return queued_bytes_.load() + text_bytes_.load(); }
  /// There is nothing to be written.
  bool is_idle() const { return is_idle_.load(); }

  /// On the thread, by a step: nothing more can be written. The first reason counts.
  void fail(const std::string& why);
  /// Why something could not be written; empty if nothing has failed. Any thread.
  const std::string& failed() const;
  /// Why no temporary file holds what slow readers have not taken; empty: one does, or would. Any
  /// thread.
  std::string spool_error() const;

 private:
  struct Queued {
    std::size_t bytes = 0;
    Step run;
  };

  void run();
  std::deque<Queued> take_steps(bool& is_stopping);
  void write_streams();
  void wait_for_work() const;
  void publish_state();
  void wake_up() const;

  std::vector<std::unique_ptr<StreamWriter>> streams_;
  std::function<bool()> refill_ = [] { return false; };
  os::Descriptor wake_up_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<Queued> queue_;
  Step notify_;
  bool is_stopping_ = false;
  std::string spool_error_;
  std::string failed_;  ///< set once, before has_failed_

  std::atomic<std::size_t> queued_bytes_ = 0;
  std::atomic<std::size_t> text_bytes_ = 0;
  std::atomic<bool> is_idle_ = true;
  std::atomic<bool> has_failed_ = false;
  std::atomic<bool> was_behind_ = false;  ///< since notify_ was last called
  bool had_failed_ = false;               ///< as of the last publish_state()
  std::thread thread_;                    ///< the last member
};

}  // namespace rollcall::coordinator
