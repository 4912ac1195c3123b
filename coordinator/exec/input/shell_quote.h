// Quotes commands for a POSIX shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/model/command.h"

namespace rollcall::coordinator {

/// Quotes `word`, if necessary, so that a POSIX shell reads it as one word with the same bytes. It
/// must not contain a NUL.
std::string shell_quote(std::string_view word);

/// Returns a simple command: the quoted words, separated by spaces.
std::string shell_line(const std::vector<std::string>& args);

/// Returns the whole command, including its directory, input and variables but not its timeout. The
/// result is one line unless a word contains a newline.
std::string shell_line(const Command& command);

}  // namespace rollcall::coordinator
