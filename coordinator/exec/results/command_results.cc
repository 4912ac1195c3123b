#include "coordinator/exec/results/command_results.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/check.h"

namespace rollcall::coordinator {
namespace {

constexpr std::uint64_t kKibi = 1024;

template <class To>
To clamped(std::uint64_t value) {
  return static_cast<To>(std::min<std::uint64_t>(value, std::numeric_limits<To>::max()));
}

}  // namespace

void CommandResults::came(const RunRecords& records, std::size_t before, OutcomeColumns& outcomes) {
  std::size_t record = before;
  for (std::size_t i = 0; i < outcomes.command.size() && record < records.accepted(); ++i) {
    const TaskId task = outcomes.task[i];
    // What was not accepted is stale, or is to be tried again.
    if (records.task[record] != task) continue;
    if (records.attempt[index(task)] != outcomes.attempt[i]) continue;
    restore(record++, std::move(outcomes.command[i]));
  }
}

void CommandResults::restore(std::size_t record, CommandResult result) {
  fresh_.emplace_hint(fresh_.end(), record,
                      std::make_shared<const CommandResult>(std::move(result)));
}

std::vector<CommittedCommand> CommandResults::kept(std::size_t first, std::size_t count) const {
  std::vector<CommittedCommand> commands;
  for (auto it = fresh_.lower_bound(first); it != fresh_.end() && it->first < first + count; ++it) {
    commands.push_back({it->first, it->second});
  }
  return commands;
}

const CommandResult* CommandResults::fresh(std::size_t record) const {
  const auto found = fresh_.find(record);
  return found == fresh_.end() ? nullptr : found->second.get();
}

void CommandResults::told(std::size_t through) {
  CHECK(through >= told_.size());
  told_.resize(through);
  while (!fresh_.empty() && fresh_.begin()->first < through) {
    told_[fresh_.begin()->first] = facts_of(*fresh_.begin()->second);
    fresh_.erase(fresh_.begin());
  }
}

CommandResults::Committed CommandResults::facts_of(const CommandResult& result) {
  Committed kept;
  kept.cpu = result.cpu;
  kept.peak_rss_kib = clamped<std::uint32_t>(result.peak_rss_bytes / kKibi);
  kept.end = result.end;
  kept.status = static_cast<std::uint8_t>(result.status);
  kept.signal = static_cast<std::uint8_t>(result.signal);
  kept.known = true;
  // Texts of a run are few, most often: why a program cannot be started.
  const auto [known, is_new] =
      error_numbers_.try_emplace(result.error_text, static_cast<std::uint32_t>(errors_.size()));
  if (is_new) errors_.push_back(result.error_text);
  kept.error = known->second;
  return kept;
}

std::optional<CommandFacts> CommandResults::facts(std::size_t record) const {
  if (const CommandResult* result = fresh(record)) {
    return CommandFacts{result->end,        result->status, result->signal,
                        result->error_text, result->cpu,    result->peak_rss_bytes};
  }
  if (record >= told_.size() || !told_[record].known) return std::nullopt;
  const Committed& kept = told_[record];
  return CommandFacts{
      kept.end, kept.status, kept.signal, errors_[kept.error], kept.cpu, kept.peak_rss_kib * kKibi};
}

}  // namespace rollcall::coordinator
