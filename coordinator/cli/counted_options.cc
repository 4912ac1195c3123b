#include "coordinator/cli/counted_options.h"

#include <fmt/core.h>

#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {

cli::OptionSpec task_count_option(std::uint64_t& into) {
  return {"--task-count",
          "-n",
          "N",
          "Tasks",
          cli::Shown::in_help,
          fmt::format("how many tasks to run (default {})", into),
          cli::count_into(into, 0, limits::task_count)};
}

void add_counted_run(std::vector<cli::OptionSpec>& table, RunOptions& into) {
  add_whole_run(table, into);
  add_workers(table, into,
              {"how many to start, or 0 (default 2 to 8)",
               "tasks a worker runs at once (default no limit)"});
  add_joining(table, into);
  add_journal(table, into);
  add_output(table, into);
}

}  // namespace rollcall::coordinator
