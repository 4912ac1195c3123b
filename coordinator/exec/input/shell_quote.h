// Commands as a shell reads them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/model/command.h"

namespace rollcall::coordinator {

/// `word` so that a POSIX shell takes it back as this one word, whatever bytes it has (but NUL).
std::string shell_quote(std::string_view word);

/// The words of a simple command, quoted where they need it, with spaces between them.
std::string shell_line(const std::vector<std::string>& args);

/// The whole command: with its directory, input and variables where it has some. One line, unless a
/// word has a newline. The timeout is left out.
std::string shell_line(const Command& command);

}  // namespace rollcall::coordinator
