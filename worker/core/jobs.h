// The jobs whose attempts a session is assigned.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/messages/message.h"
#include "common/model/job.h"
#include "worker/core/kind_traits.h"

namespace rollcall::worker {

/// Holds the job headers of the last Assignment; those that attempts need longer are shared with
/// them. Pure; one owner, one thread.
class Jobs {
 public:
  /// Takes the headers of the next Assignment. Returns an empty text, or why one of its attempts
  /// cannot be run: no header, a kind that is not in `runnable`.
  std::string take(const Assignment& assignment, const KindSet& runnable);
  /// Requires a job that the last Assignment has attempts of. Never null.
  const std::shared_ptr<const Job>& of(JobId number) const { return current_.at(number); }
  /// A new coordinator sends the headers again.
  void start_epoch() { current_.clear(); }
  void forget_run() { *this = Jobs(); }

  /// The kinds of all jobs of this run so far.
  const KindSet& kinds() const { return kinds_; }
  /// The traits of the only kind; the defaults if there are several kinds, or none yet.
  KindTraits traits() const;
  /// Some kind uses slots for commands. Its attempts may have been started beyond the slots.
  bool uses_command_slots() const;

 private:
  using Headers = std::map<JobId, std::shared_ptr<const Job>>;

  std::string add(JobId number, const Headers& sent, const KindSet& runnable, Headers& next) const;

  Headers current_;
  KindSet kinds_;
};

}  // namespace rollcall::worker
