// Attempts that a session was given and does not own any more.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>

#include "common/model/ids.h"

namespace rollcall::coordinator {

/// The late outcome of such an attempt may still count.
struct ExpiredAttempt {
  Attempt on_wire = 0;         ///< as in Assignment and Report
  Attempt number = 0;          ///< as in RunRecords
  std::uint32_t dispatch = 0;  ///< index of its Dispatch in RunRecords
  bool is_counted = true;      ///< in SessionRecord::begun, now or once its place is passed
};

/// The latest of each task.
using ExpiredAttempts = boost::unordered_flat_map<TaskId, ExpiredAttempt>;

}  // namespace rollcall::coordinator
