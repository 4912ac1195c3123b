#include "worker/executors/exec_executor.h"

#include <fmt/core.h>
#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::worker {
namespace {

/// Whether the worker has run out of a resource, which is not the fault of the command.
bool is_shortage(int error) {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

Outcome outcome_of(const CommandResult& result) {
  switch (result.end) {
    case CommandEnd::exited:
      return result.status == 0 ? Outcome::succeeded : Outcome::failed;
    case CommandEnd::timed_out:
      return Outcome::timed_out;
    case CommandEnd::cancelled:
      return Outcome::cancelled;
    case CommandEnd::not_started:
      return is_shortage(result.error) ? Outcome::not_started : Outcome::failed;
    case CommandEnd::signalled:
    case CommandEnd::out_of_memory:
      break;
  }
  return Outcome::failed;
}

bool has_only_a_tail(const CommandOutput& output) {
  std::uint64_t unsent = 0;
  for (const OutputBuffer& stream : output.streams) unsent += stream.unsent();
  return unsent <= limits::output_tail;
}

/// Some of it was sent, or is not wanted.
bool has_begun(const CommandOutput& output) {
  return std::ranges::any_of(output.streams, [](const OutputBuffer& stream) {
    return stream.sent() > 0 || !stream.is_wanted();
  });
}

/// Whether the outcome must wait: some of it was sent, or it is more than an outcome carries.
bool must_be_sent(const CommandOutput& output) {
  return has_begun(output) || !has_only_a_tail(output);
}

/// Whoever cancels a command does not wait for a reader of its output: the outcome must not,
/// either. If it has ended by itself, its output is incomplete, so it counts as cancelled.
void drop_unsent(CommandOutput& output, CommandResult& result) {
  if (has_only_a_tail(output)) return;
  result.end = CommandEnd::cancelled;
  result.out_dropped += output.of(OutputStream::out).drop_unsent();
  result.err_dropped += output.of(OutputStream::err).drop_unsent();
}

/// The bytes that were not sent become part of the result.
void add_tail(CommandOutput& output, CommandResult& result) {
  const auto before = [](const OutputBuffer& stream) {
    return stream.is_wanted() ? stream.sent() : kNotWanted;
  };
  OutputBuffer& out = output.of(OutputStream::out);
  OutputBuffer& err = output.of(OutputStream::err);
  result.out_before = before(out);
  result.err_before = before(err);
  result.out = out.take_unsent();
  result.err = err.take_unsent();
}

}  // namespace

Result<void> ExecExecutor::prepare(const Prepare& terms) {
  if (terms.slots < context_.requested_slots) {
    context_.on_warning(fmt::format("runs {} {} at once and not {}: the open-file limit is too low",
                                    terms.slots, terms.slots == 1 ? "command" : "commands",
                                    context_.requested_slots));
  }
  has_output_in_chunks_ = terms.has_output_in_chunks;
  const std::uint32_t slots = std::max(terms.slots, 1U);
  if (runner_ && !is_broken_ && slots == slots_) return {};
  auto guardians = Guardians::start(guardians_for(slots), slots, context_.descriptors);
  if (!guardians) return guardians.error();
  forget_all();
  const auto on_broken = [this](const std::string& reason) {
    is_broken_ = true;
    context_.on_broken(reason);
  };
  runner_ = std::make_unique<CommandRunner>(
      context_.loop, std::move(*guardians), slots,
      CommandRunner::Handlers{context_.on_ended, on_broken, context_.on_warning, memory_groups_});
  is_broken_ = false;
  slots_ = slots;
  return {};
}

void ExecExecutor::start(Instant, StartAttempts batch) {
  AttemptColumns& attempts = batch.attempts;
  CHECK(runner_ && batch.job);
  const Job& job = *batch.job;
  attempts.command.resize(attempts.size());  // one without arguments cannot be started
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const std::uint64_t key = next_key_++;
    const CommandRunner::Terms terms = terms_for(job, key);
    if (terms.output) with_output_[{attempts.task[i], attempts.attempt[i]}] = key;
    running_.emplace(
        key, Running{batch.assignment, attempts.task[i], attempts.attempt[i], terms.output});
    runner_->start(key, complete(std::move(attempts.command[i]), job), terms);
  }
}

CommandRunner::Terms ExecExecutor::terms_for(const Job& job, std::uint64_t key) {
  if (!has_output_in_chunks_) {
    const std::uint64_t most = job.max_output.value_or(limits::max_output);
    return {std::min(most, limits::max_output), job.kill_after, job.nice, job.max_memory};
  }
  CommandRunner::Terms terms{job.max_output.value_or(limits::stream_bytes - 1), job.kill_after,
                             job.nice, job.max_memory, std::make_shared<CommandOutput>()};
  for (OutputBuffer& stream : terms.output->streams) {
    stream.on_read = [this, key] {
      note_progress(key);
      context_.on_ended();
    };
  }
  return terms;
}

/// Adds what the command shares with the others of its job, and the variables of this worker.
Command ExecExecutor::complete(Command command, const Job& job) const {
  if (command.cwd.empty() && !command.has_no_cwd) command.cwd = job.cwd;
  if (command.input.empty() && !command.has_no_input) command.input = job.input;
  command.env.insert(command.env.begin(), job.env.begin(), job.env.end());
  command.env.push_back("ROLLCALL_WORKER=" + context_.worker_name);
  return command;
}

bool ExecExecutor::take_ended(Instant, OutcomeColumns& out) {
  out.clear();
  if (running_.empty()) return false;
  for (EndedCommand& ended : runner_->take_ended()) {
    const auto found = running_.find(ended.key);
    CHECK(found != running_.end());
    Running& run = found->second;
    run.is_cancelled |= ended.result.end == CommandEnd::cancelled;
    if (run.output && run.is_cancelled && !has_begun(*run.output)) {
      drop_unsent(*run.output, ended.result);
    }
    if (run.output && must_be_sent(*run.output)) {
      run.ended = std::make_unique<EndedCommand>(std::move(ended));
      note_progress(found->first);
    } else {
      if (run.output) add_tail(*run.output, ended.result);
      finish(found->first, std::move(ended), out);
    }
  }
  for (const std::uint64_t key : std::exchange(released_, {})) {
    const auto found = running_.find(key);
    if (found == running_.end()) continue;
    add_tail(*found->second.output, found->second.ended->result);
    finish(key, std::move(*found->second.ended), out);
  }
  warn_of_shortage(out);
  return out.size() > 0;
}

/// Adds its outcome, and forgets it.
void ExecExecutor::finish(std::uint64_t key, EndedCommand ended, OutcomeColumns& out) {
  const Running run = std::move(running_.at(key));  // `ended` may be a part of it
  running_.erase(key);
  if (run.output) with_output_.erase({run.task, run.attempt});
  out.push_back(run.task, run.attempt,
                ended.was_called_off ? Outcome::returned : outcome_of(ended.result),
                ended.result.started, ended.result.elapsed, Duration::zero());
  out.command.resize(out.size());
  if (!ended.was_called_off) out.command.back() = std::move(ended.result);
}

void ExecExecutor::warn_of_shortage(const OutcomeColumns& ended) const {
  const auto first = std::ranges::find(ended.outcome, Outcome::not_started);
  if (first == ended.outcome.end()) return;
  const auto row = static_cast<std::size_t>(first - ended.outcome.begin());
  context_.on_warning(ended.command[row].error_text + "; another worker gets the task");
}

void ExecExecutor::cancel(Instant, std::uint64_t assignments_through) {
  cancel_those([=](const Running& run) { return run.assignment <= assignments_through; });
}

void ExecExecutor::cancel_listed(Instant, const AttemptSet& attempts) {
  cancel_those([&](const Running& run) { return attempts.contains({run.task, run.attempt}); });
}

template <class Chosen>
void ExecExecutor::cancel_those(const Chosen& is_chosen) {
  std::vector<std::uint64_t> keys;
  for (auto& [key, run] : running_) {
    if (!is_chosen(run)) continue;
    keys.push_back(key);
    run.is_cancelled = true;
    if (run.ended) note_progress(key);
  }
  for (const std::uint64_t key : keys) runner_->cancel(key);
}

void ExecExecutor::return_waiting(std::uint64_t assignments_through) {
  if (!runner_) return;
  runner_->call_off([this, assignments_through](std::uint64_t key) {
    const auto found = running_.find(key);
    return found != running_.end() && found->second.assignment <= assignments_through;
  });
}

void ExecExecutor::drop() {
  if (runner_) runner_->drop();
  forget_all();
}

void ExecExecutor::forget_all() {
  running_.clear();
  with_output_.clear();
  progress_.clear();
  released_.clear();
}

// Output in chunks.

void ExecExecutor::note_progress(std::uint64_t key) {
  const auto found = running_.find(key);
  if (found == running_.end() || std::exchange(found->second.has_progress, true)) return;
  progress_.push_back(key);
}

void ExecExecutor::take_progress(std::vector<OutputProgress>& out) {
  for (const std::uint64_t key : std::exchange(progress_, {})) {
    const auto found = running_.find(key);
    if (found == running_.end()) continue;
    Running& run = found->second;
    run.has_progress = false;
    // Only now, so that the session never sends what was dropped.
    if (run.ended && run.is_cancelled) drop_unsent(*run.output, run.ended->result);
    OutputProgress& progress = out.emplace_back();
    progress.task = run.task;
    progress.attempt = run.attempt;
    for (const OutputStream stream : kOutputStreams) {
      progress.bytes[index(stream)] = run.output->of(stream).size();
    }
    progress.has_ended = run.ended != nullptr;
  }
}

/// Returns null if it has no such attempt with output in chunks.
ExecExecutor::Running* ExecExecutor::find(TaskId task, Attempt attempt) {
  const auto found = with_output_.find({task, attempt});
  return found == with_output_.end() ? nullptr : &running_.at(found->second);
}

bool ExecExecutor::copy_output(const OutputPart& part, std::string& to) {
  const Running* run = find(part.task, part.attempt);
  return run != nullptr && run->output->of(part.stream).copy(part.offset, part.size, to);
}

void ExecExecutor::forget_output(const ForgottenOutput& forgotten) {
  const Running* run = find(forgotten.task, forgotten.attempt);
  if (run != nullptr) run->output->of(forgotten.stream).forget(forgotten.bytes);
}

void ExecExecutor::release(const HeldColumns& attempts) {
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const auto found = with_output_.find({attempts.task[i], attempts.attempt[i]});
    if (found == with_output_.end() || !running_.at(found->second).ended) continue;
    released_.push_back(found->second);
  }
}

void ExecExecutor::list(HeldColumns& out) const {
  out = {};
  for (const auto& [key, run] : running_) {
    out.task.push_back(run.task);
    out.attempt.push_back(run.attempt);
  }
}

std::unique_ptr<Executor> make_exec_executor(const ExecutorContext& context) {
  return std::make_unique<ExecExecutor>(context);
}

}  // namespace rollcall::worker
