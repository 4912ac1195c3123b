#include "coordinator/journal/epoch.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "common/os/clock.h"

namespace rollcall::coordinator {
namespace {

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace

EpochStart epoch_start_now() {
  return {static_cast<std::uint32_t>(::getpid()), boot_id(), os::now(), os::time_since_boot(),
          os::unix_time().count()};
}

EpochRecord next_epoch(const EpochRecord* previous, const EpochStart& start,
                       std::optional<Instant> newest) {
  EpochRecord next{1, start, Duration::zero()};
  if (previous == nullptr) return next;
  const EpochStart& before = previous->start;
  next.epoch = previous->epoch + 1;
  if (!start.boot_id.empty() && start.boot_id == before.boot_id) {
    const Duration suspended = (start.boottime - start.monotonic.time_since_epoch()) -
                               (before.boottime - before.monotonic.time_since_epoch());
    next.shift = previous->shift + std::max(suspended, Duration::zero());
  } else {
    const Instant now =
        previous->in_run(before.monotonic) + Duration(start.unix_ns - before.unix_ns);
    next.shift = now - start.monotonic;
  }
  // A wall clock that was set back must not make time run backwards.
  if (newest) next.shift = std::max(next.shift, *newest - start.monotonic);
  return next;
}

}  // namespace rollcall::coordinator
