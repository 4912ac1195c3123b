// What a run is asked to do. Everything else about its tasks follows from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/rng.h"
#include "common/model/ids.h"
#include "common/model/task.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

/// How results are collected. The names are those of the asyncio functions.
enum class CollectionMethod : std::uint8_t {
  gather,       ///< wait for all
  as_complete,  ///< wait for all, and print each as it is collected
  wait,         ///< wait for at most wait_timeout, then cancel all unfinished tasks
  cancelled,    ///< cancel every task as soon as it is dispatched
};

std::string_view to_string(CollectionMethod method);

/// What the scheduler must know about the run's kind of task. The defaults are those of a sleep.
struct KindTraits {
  /// RunSpec::cost() is how long a task takes and what it returns. If false, costs are zero, mean
  /// nothing, and results are not compared with them.
  bool has_known_cost = true;
  /// A worker always has a slot limit. One that offers no command slots is rejected.
  bool needs_slots = false;
  /// An attempt may fail or time out, and is then retried as Policy::retries says.
  bool may_fail = false;
};

KindTraits traits_of(KindId kind);

/// The tasks of a run. A value; pure.
struct RunSpec {
  RunId id;
  std::string name;  ///< for people; empty: none
  KindId kind = KindId::sleep;
  KindTraits traits{};           ///< traits_of(kind)
  std::uint32_t task_count = 0;  ///< so far, while is_open
  bool is_open = false;          ///< the input has not ended: tasks may be added
  Duration pause_min{};          ///< not negative
  Duration pause_max{};          ///< not below pause_min
  std::uint64_t seed = 0;
  CollectionMethod method = CollectionMethod::gather;
  std::optional<Duration> wait_timeout;  ///< counted from the first dispatch

  /// All tasks cost the same.
  bool has_uniform_cost() const { return !traits.has_known_cost || pause_min == pause_max; }

  /// How long a task takes if that is known in advance; else zero.
  Duration cost(TaskId task) const {
    return traits.has_known_cost ? pause(task) : Duration::zero();
  }

  /// The sleep duration of one task: uniform in [pause_min, pause_max], in whole nanoseconds. It
  /// depends only on the seed and the task, so it is the same on every machine and for any number
  /// of workers.
  Duration pause(TaskId task) const {
    const auto span = static_cast<std::uint64_t>((pause_max - pause_min).count()) + 1;
    return pause_min +
           Duration(static_cast<Duration::rep>(scale_below(random_at(seed, index(task)), span)));
  }
};

}  // namespace rollcall::coordinator
