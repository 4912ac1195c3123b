// The streamed input of `rollcall exec`.
#pragma once

#include <optional>
#include <string>

#include "coordinator/exec/input/task_commands.h"
#include "coordinator/kinds/exec_input.h"
#include "coordinator/kinds/streamed_input.h"

namespace rollcall::coordinator {

/// Adds a command for each line or block of the source.
class ExecStream final : public StreamedInput {
 public:
  /// `commands` already has those that are committed. It outlives this. `separator`: what follows
  /// each line or block in a journal.
  ExecStream(TaskCommands& commands, StreamSource source, std::string separator);

  Result<os::Descriptor> open() override;
  Result<void> add(std::string_view bytes) override { return check(commands_.add(bytes)); }
  Result<void> finish() override { return check(commands_.finish()); }
  Error end_early(std::string_view why) override;
  std::uint64_t size() const override { return size_; }
  std::uint64_t mean_bytes() const override;
  std::size_t assignment_attempts() const override;
  std::string take_warning() override { return commands_.take_unknown_names(); }
  std::string warning() const override { return carriage_returns_warning(commands_); }
  void complete(CommittedTasks& tasks) override;

  /// See JournalRun::source.
  const std::string& identity() const { return source_.identity; }

 private:
  Error error(std::string_view why) const;
  [[nodiscard]] Result<void> check(const Result<void>& added);

  TaskCommands& commands_;
  StreamSource source_;
  std::string separator_;
  std::uint64_t size_;       ///< commands that are valid
  std::uint64_t committed_;  ///< commands whose commit is complete
};

}  // namespace rollcall::coordinator
