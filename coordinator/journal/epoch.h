// Committed epochs, and how the clock of one epoch relates to that of the next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/model/ids.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

/// When and where an epoch begins: all clocks at one moment.
struct EpochStart {
  std::uint32_t pid = 0;
  std::string boot_id;       ///< identifies one boot of one machine
  Instant monotonic;         ///< this coordinator's clock
  Duration boottime{};       ///< since the machine was booted, suspended or not
  std::int64_t unix_ns = 0;  ///< wall clock
};

/// A committed epoch.
struct EpochRecord {
  Epoch epoch = 0;
  EpochStart start;
  Duration shift{};  ///< time of the run = this epoch's clock + shift

  Instant in_run(Instant local) const { return local + shift; }
  Instant in_epoch(Instant stored) const { return stored - shift; }
};

/// Reads all clocks.
EpochStart epoch_start_now();

/// The epoch that begins at `start` after `previous` (nullptr if it is the first). On the same boot
/// the clock continues, plus the time that the machine was suspended; else the wall clock gives the
/// time that passed. Never before `newest`, the newest committed instant in the run's time. Pure.
EpochRecord next_epoch(const EpochRecord* previous, const EpochStart& start,
                       std::optional<Instant> newest);

}  // namespace rollcall::coordinator
