// Epochs, as they are committed, and how the clocks of one stand to those of the next.
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
  std::string boot_id;       ///< names one life of one machine
  Instant monotonic;         ///< this coordinator's clock
  Duration boottime{};       ///< since the machine was booted, suspended or not
  std::int64_t unix_ns = 0;  ///< wall clock
};

/// An epoch that is committed.
struct EpochRecord {
  Epoch epoch = 0;
  EpochStart start;
  Duration shift{};  ///< time of the run = this epoch's clock + shift

  Instant in_run(Instant local) const { return local + shift; }
  Instant in_epoch(Instant stored) const { return stored - shift; }
};

/// Reads all clocks.
EpochStart epoch_start_now();

/// The epoch that begins at `start` after `previous` (nullptr: there is none). On the same boot the
/// clock goes on, plus the time that the machine was suspended; else the wall clock tells how much
/// time has passed. Never before `newest`, the newest instant that is committed, in the run's time.
/// Pure.
EpochRecord next_epoch(const EpochRecord* previous, const EpochStart& start,
                       std::optional<Instant> newest);

}  // namespace rollcall::coordinator
