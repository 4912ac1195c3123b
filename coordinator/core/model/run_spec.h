// What a run is asked to do. Everything else about its tasks follows from here.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/rng.h"
#include "common/model/ids.h"
#include "common/model/task.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

/// How results are collected, named as in the teaching program for event loops.
enum class CollectionMethod : std::uint8_t {
  gather,       ///< wait for all
  as_complete,  ///< wait for all, and say each as it is collected
  wait,         ///< wait for at most wait_timeout, then cancel what is not done
  cancelled,    ///< cancel everything as soon as it was dispatched
};

std::string_view to_string(CollectionMethod method);

/// A run of sleeps. A value; pure.
struct RunSpec {
  RunId id;
  KindId kind = KindId::sleep;
  std::uint32_t task_count = 0;
  Duration pause_min{};  ///< not negative
  Duration pause_max{};  ///< not below pause_min
  std::uint64_t seed = 0;
  CollectionMethod method = CollectionMethod::gather;
  std::optional<Duration> wait_timeout;  ///< counted from the first dispatch

  bool constant_pause() const { return pause_min == pause_max; }

  /// The pause of one task: uniform in [pause_min, pause_max], in whole nanoseconds. It depends on
  /// seed and task alone, so that every machine and any number of workers sees the same.
  Duration pause(TaskId task) const {
    const auto span = static_cast<std::uint64_t>((pause_max - pause_min).count()) + 1;
    return pause_min +
           Duration(static_cast<Duration::rep>(scale_below(random_at(seed, index(task)), span)));
  }
};

}  // namespace rollcall::coordinator
