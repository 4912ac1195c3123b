#include "coordinator/kinds/exec_program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <string>

namespace rollcall::coordinator {
namespace {

bool is_executable(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

/// Whether this machine has the program that `word` names for a command in `directory`.
bool is_program(const std::string& word, const std::string& directory) {
  if (word.starts_with('/') || (word.find('/') != std::string::npos && directory.empty())) {
    return is_executable(word);
  }
  if (word.find('/') != std::string::npos) return is_executable(directory + '/' + word);
  const char* const path = std::getenv("PATH");
  std::istringstream directories(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string each; std::getline(directories, each, ':');) {
    if (is_executable((each.empty() ? "." : each) + '/' + word)) return true;
  }
  return false;
}

}  // namespace

Result<void> check_program(const ExecOptions& options) {
  if (options.shell || options.command.size() != 1) return {};
  const std::string& word = options.command.front();
  if (word.find_first_of(" \t\n") == std::string::npos || is_program(word, options.cwd)) return {};
  return permanent(
      "COMMAND " + cli::quote(word) +
      ": no program has this name: expected separate words, or --shell before a script");
}

}  // namespace rollcall::coordinator
