// Epochs of a run, and how the clock of one epoch relates to the clock of the next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/model/ids.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

/// The process and machine in which an epoch begins, and a reading of all clocks.
struct EpochStart {
  std::uint32_t pid = 0;
  std::string boot_id;       ///< identifies one boot of one machine
  Instant monotonic;         ///< this coordinator's clock
  Duration boottime{};       ///< time since boot, including suspension
  std::int64_t unix_ns = 0;  ///< wall clock
};

/// A committed epoch.
struct EpochRecord {
  Epoch epoch = 0;
  EpochStart start;
  Duration shift{};  ///< run time = this epoch's clock + shift

  Instant in_run(Instant local) const { return local + shift; }
  Instant in_epoch(Instant stored) const { return stored - shift; }
};

/// Reads all clocks.
EpochStart epoch_start_now();

/// Returns the epoch that begins at `start` after `previous` (nullptr for the first epoch). If the
/// machine was not rebooted in between, the monotonic clock continues, plus any time that the
/// machine was suspended. Otherwise the wall clock gives the elapsed time. The epoch never begins
/// before `newest`, the newest committed instant in run time. Pure.
EpochRecord next_epoch(const EpochRecord* previous, const EpochStart& start,
                       std::optional<Instant> newest);

}  // namespace rollcall::coordinator
