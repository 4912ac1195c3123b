// The commands of `rollcall exec`, from its options and its input, or from a journal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/base/result.h"
#include "common/os/descriptor.h"
#include "coordinator/cli/exec_options.h"
#include "coordinator/exec/input/task_commands.h"
#include "coordinator/journal/journal.h"

namespace rollcall::coordinator {

/// Bytes of the variables that identify an attempt (ROLLCALL_TASK_ID, ROLLCALL_RUN_NAME ...), at
/// most.
inline constexpr std::size_t kOwnVariables = 500;

/// Where an input is read from while the run goes on.
struct StreamSource {
  std::string name;        ///< "standard input", "--each-line FILE"
  os::Descriptor file;     ///< at `offset`; not open: see `lost`
  std::string lost{};      ///< why the rest cannot be read
  std::string identity{};  ///< see source_of()
};

/// What is known of the tasks before the run.
struct ExecInput {
  TaskCommands commands;
  std::string streamed_from{};         ///< name of the source; empty: the input is not streamed
  std::optional<StreamSource> rest{};  ///< of a streamed input, unless all of it was read
};

/// Returns the command of each task. Reads the whole input, which may block, or the journal with
/// `resumes_as_saved`. Large files, and sources that are not files, are streamed: only the source
/// is opened. Fails with a permanent error if the input cannot be read or is invalid. Unless
/// `reads_on`, the source of a run in a journal is not opened, and `rest` is empty.
[[nodiscard]] Result<ExecInput> read_input(const ExecOptions& options, bool reads_on = true);

/// Opens an input file; "-" is standard input. `flags` are further flags of open(2). The descriptor
/// is not open if that fails, and errno says why.
os::Descriptor open_input(const std::string& path, int flags = 0);

/// '\n', or '\0' with --null.
char separator_of(const ExecOptions& options);

/// What follows each line or block in a journal.
std::string saved_separator(const ExecOptions& options);

/// Checks that each command fits into a message, from `first` on, which becomes the first one that
/// does not.
[[nodiscard]] Result<void> check_size(const TaskCommands& commands, std::uint64_t& first);

/// How many attempts at these commands fit into one message, at least.
std::size_t attempts_in_assignment(const TaskCommands& commands);

/// How many lines end with a carriage return, which cannot be seen in the messages of the commands
/// that fail because of it; empty if none do.
std::string carriage_returns_warning(const TaskCommands& commands);

/// Returns the input for the journal, so that read_input() returns the same commands again even if
/// the files change. `commands` must outlive it.
JournalInput journal_input(const ExecOptions& options, const TaskCommands& commands);

/// Returns a hash of the input (FNV-1a), in decimal.
std::string fingerprint_of(const TaskCommands& commands);

}  // namespace rollcall::coordinator
