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

DroppedOutput dropped_output(const CommandResult& result) {
  if (result.end == CommandEnd::cancelled) return {};
  return {result.out_dropped, result.err_dropped};
}

namespace {

/// False if the command was cancelled before its process existed.
bool has_started(const CommandResult& result) {
  return result.end != CommandEnd::cancelled || result.peak_rss_bytes > 0 ||
         result.elapsed > Duration::zero();
}

}  // namespace

std::vector<std::size_t> CommandResults::add_accepted(const RunRecords& records, std::size_t before,
                                                      OutcomeColumns& outcomes) {
  std::vector<std::size_t> rows;
  std::size_t record = before;
  for (std::size_t i = 0; i < outcomes.command.size() && record < records.accepted(); ++i) {
    const TaskId task = outcomes.task[i];
    // Skip outcomes that were not accepted: they are stale, or the task will be retried. A report
    // may have outcomes of two attempts at one task.
    if (records.task[record] != task || records.outcome_of(task) != outcomes.outcome[i]) continue;
    if (records.elapsed[record] != outcomes.elapsed[i]) continue;
    if (has_started(outcomes.command[i])) restore(record, std::move(outcomes.command[i]));
    rows.push_back(i);
    ++record;
  }
  return rows;
}

void CommandResults::restore(std::size_t record, CommandResult result) {
  unpublished_.emplace_hint(unpublished_.end(), record,
                            std::make_shared<const CommandResult>(std::move(result)));
}

std::vector<CommittedCommand> CommandResults::for_commit(std::size_t first,
                                                         std::size_t count) const {
  std::vector<CommittedCommand> commands;
  for (auto it = unpublished_.lower_bound(first);
       it != unpublished_.end() && it->first < first + count; ++it) {
    CommittedCommand& command = commands.emplace_back(CommittedCommand{it->first, it->second});
    if (const SpooledResult* const spooled = this->spooled(it->first)) {
      command.output =
          CommittedOutput{spooled->key.session, spooled->key.attempt, spooled->key.epoch};
    }
  }
  return commands;
}

const CommandResult* CommandResults::unpublished(std::size_t record) const {
  return share_unpublished(record).get();
}

std::shared_ptr<const CommandResult> CommandResults::share_unpublished(std::size_t record) const {
  const auto found = unpublished_.find(record);
  return found == unpublished_.end() ? nullptr : found->second;
}

void CommandResults::set_spooled(std::size_t record, SpooledResult spooled) {
  spooled_.insert_or_assign(record, std::move(spooled));
}

const SpooledResult* CommandResults::spooled(std::size_t record) const {
  const auto found = spooled_.find(record);
  return found == spooled_.end() ? nullptr : &found->second;
}

void CommandResults::mark_published(std::size_t end) {
  CHECK(end >= published_.size());
  spooled_.erase(spooled_.begin(), spooled_.lower_bound(end));
  published_.resize(end);
  while (!unpublished_.empty() && unpublished_.begin()->first < end) {
    const auto& [record, result] = *unpublished_.begin();
    published_[record] = without_output(*result);
    const DroppedOutput dropped = dropped_output(*result);
    if (dropped.out > 0 || dropped.err > 0) dropped_[record] = dropped;
    collected_.out += result->out_before + result->out.size();
    collected_.err += result->err_before + result->err.size();
    unpublished_.erase(unpublished_.begin());
  }
  spooled_.erase(spooled_.begin(), spooled_.lower_bound(end));
}

CommandResults::Published CommandResults::without_output(const CommandResult& result) {
  Published facts;
  facts.cpu = result.cpu;
  facts.peak_rss_kib = clamped<std::uint32_t>(result.peak_rss_bytes / kKibi);
  facts.end = result.end;
  facts.status = static_cast<std::uint8_t>(result.status);
  facts.signal = static_cast<std::uint8_t>(result.signal);
  facts.has_run = true;
  // A run usually has few different error texts, so store each one once.
  const auto [number, is_new] =
      error_numbers_.try_emplace(result.error_text, static_cast<std::uint32_t>(errors_.size()));
  if (is_new) errors_.push_back(result.error_text);
  facts.error = number->second;
  return facts;
}

std::optional<CommandFacts> CommandResults::facts(std::size_t record) const {
  if (const CommandResult* result = unpublished(record)) {
    return CommandFacts{
        result->end, result->status,         result->signal,         result->error_text,
        result->cpu, result->peak_rss_bytes, dropped_output(*result)};
  }
  if (record >= published_.size() || !published_[record].has_run) return std::nullopt;
  const Published& facts = published_[record];
  const auto dropped = dropped_.find(record);
  return CommandFacts{facts.end,
                      facts.status,
                      facts.signal,
                      errors_[facts.error],
                      facts.cpu,
                      facts.peak_rss_kib * kKibi,
                      dropped == dropped_.end() ? DroppedOutput() : dropped->second};
}

}  // namespace rollcall::coordinator
