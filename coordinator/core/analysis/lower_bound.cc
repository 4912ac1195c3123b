#include <algorithm>
#include <utility>
#include <vector>

#include "coordinator/core/analysis/summary.h"

namespace rollcall::coordinator {
namespace {

__extension__ using WideNs = unsigned __int128;  // a billion pauses of a year

struct Work {
  Duration longest{};
  WideNs all = 0;
  std::uint64_t succeeded = 0;

  void add(Duration time) {
    longest = std::max(longest, time);
    if (time > Duration::zero()) all += static_cast<WideNs>(time.count());
  }
};

Work work_of(const RunRecords& records) {
  Work work;
  for (std::size_t i = 0; i < records.accepted(); ++i) {
    const TaskId task = records.task[i];
    const bool has_known_cost =
        records.spec.traits.has_known_cost && records.outcome_of(task) == Outcome::succeeded;
    if (has_known_cost) {
      work.add(records.spec.cost(task));
      ++work.succeeded;
    } else {
      work.add(records.elapsed[i]);
    }
  }
  return work;
}

Duration divide_up(WideNs work, std::uint64_t slots) {
  return Duration(static_cast<Duration::rep>((work + slots - 1) / slots));
}

/// A streamed input takes its time: no run ends before its last task is known.
Duration input_time(const RunRecords& records) {
  if (!records.last_added || !records.first_dispatch) return Duration::zero();
  const Duration time = *records.last_added - *records.first_dispatch;
  return std::max(time - stopped_time(records, *records.last_added), Duration::zero());
}

}  // namespace

std::optional<std::uint64_t> peak_slots(const RunRecords& records) {
  std::vector<std::pair<Instant, std::int64_t>> changes;
  for (const SessionRecord& session : records.sessions) {
    if (!session.last_accepted) continue;
    if (session.slots == 0) return std::nullopt;
    changes.emplace_back(session.welcomed, session.slots);
    changes.emplace_back(*session.last_accepted, -std::int64_t{session.slots});
  }
  // A session that joins at the moment at which another one leaves is present together with it.
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second > b.second;
  });
  std::int64_t present = 0;
  std::int64_t most = 0;
  for (const auto& [at, change] : changes) {
    present += change;
    most = std::max(most, present);
  }
  return static_cast<std::uint64_t>(most);
}

Duration lower_bound(const RunRecords& records) {
  const Work work = work_of(records);
  const std::optional<std::uint64_t> slots = peak_slots(records);
  const Duration least = std::max(work.longest, input_time(records));
  if (!slots || *slots == 0) return least;
  Duration bound = std::max(least, divide_up(work.all, *slots));
  if (records.spec.traits.has_known_cost && records.spec.has_uniform_cost()) {
    const std::uint64_t rounds = (work.succeeded + *slots - 1) / *slots;
    bound = std::max(bound, static_cast<Duration::rep>(rounds) * records.spec.pause_min);
  }
  return bound;
}

}  // namespace rollcall::coordinator
