// What a run tells its user while it goes on and at its end.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "coordinator/core/records.h"
#include "coordinator/core/summary.h"

namespace rollcall::coordinator {

/// One form of output (text, json, jsonl). Owned by the coordinator's shell and called on its
/// thread only. `records` given at construction outlives it. Nothing here blocks for long or
/// throws: a write that fails is kept for failed().
class Output {
 public:
  virtual ~Output() = default;

  virtual void worker_joined(SessionIndex session) = 0;
  virtual void worker_left(SessionIndex session, std::uint64_t returned) = 0;
  virtual void tasks_started(Instant now, SessionIndex session, std::span<const TaskId> tasks) = 0;
  /// Records [first, first + count) were accepted.
  virtual void outcomes_accepted(Instant now, std::size_t first, std::size_t count) = 0;
  /// Writes what was held back to be put in order, if it has waited long enough at `now`.
  virtual void advance(Instant now) = 0;
  /// When advance() wants to be called; kNever: no need.
  virtual Instant next_deadline() const = 0;
  /// The run is over and accounted for. `order` is finish_order().
  virtual void finished(const Summary& summary, std::span<const std::uint32_t> order) = 0;
  /// Hands everything to the operating system.
  virtual void flush() = 0;
  /// Empty, or why standard output cannot be written any more.
  virtual const std::string& failed() const = 0;
};

}  // namespace rollcall::coordinator
