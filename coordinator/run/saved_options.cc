#include "coordinator/run/saved_options.h"

#include <utility>
#include <vector>

#include "coordinator/run/run_start.h"

namespace rollcall::coordinator {

Result<SavedOptions> saved_options(const std::string& journal,
                                   const cli::Environment& environment) {
  const auto kept = saved_request(journal);
  if (!kept) return kept.error();
  std::vector<const char*> argv{"rollcall", kept->command.c_str()};
  for (const std::string& argument : kept->arguments) argv.push_back(argument.c_str());
  auto parsed = parse_command_line(static_cast<int>(argv.size()), argv.data(), environment);
  const auto as_kept = [&](auto& options) -> SavedOptions {
    options.journal = journal;
    options.resumes_as_saved = true;
    return {std::move(options), kept->directory};
  };
  if (auto* sleep = std::get_if<SleepOptions>(&parsed)) return as_kept(*sleep);
  if (auto* exec = std::get_if<ExecOptions>(&parsed)) return as_kept(*exec);
  return permanent(journal + ": its request is not understood");
}

}  // namespace rollcall::coordinator
