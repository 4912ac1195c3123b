// The options of `rollcall exec` that divide the input into blocks.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/cli/command_line.h"
#include "coordinator/cli/exec_options.h"

namespace rollcall::coordinator {

/// Appends --pipe and what belongs to it; they write into `into`.
void add_pipe(std::vector<cli::OptionSpec>& table, ExecOptions& into);

/// Checks that the options can be combined. Requires that the other inputs are checked.
std::optional<cli::UsageError> check_pipe(const cli::CommandSpec& command,
                                          const cli::GivenOptions& given, ExecOptions& options);

/// The text of --recend and --recstart, in which \n, \t, \r, \0 and \\ are one character each. The
/// error describes the expected form.
Result<std::string> parse_record_text(std::string_view text);

}  // namespace rollcall::coordinator
