// Commands as a shell reads them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/model/command.h"

namespace rollcall::coordinator {

/// `word`, quoted such that a POSIX shell parses it as this word. It must not contain a NUL.
std::string shell_quote(std::string_view word);

/// The words of a simple command, quoted where they need it, with spaces between them.
std::string shell_line(const std::vector<std::string>& args);

/// The whole command with its directory, input and variables, if any, but without the timeout. One
/// line, unless a word contains a newline.
std::string shell_line(const Command& command);

}  // namespace rollcall::coordinator
