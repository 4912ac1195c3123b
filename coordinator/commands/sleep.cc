#include "coordinator/commands/sleep.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/os/random.h"
#include "coordinator/run/run.h"

namespace rollcall::coordinator {
namespace {

std::uint32_t default_workers() {
  return std::clamp(std::thread::hardware_concurrency(), limits::local_workers_least,
                    limits::local_workers_most);
}

RunSpec spec_of(const SleepOptions& options) {
  RunSpec spec;
  spec.id = os::random_id128<RunId>();
  spec.task_count = static_cast<std::uint32_t>(options.task_count);
  spec.pause_min = options.pause_min;
  spec.pause_max = options.pause_max;
  spec.seed = options.seed.value_or(os::random_u64() % limits::seed);
  spec.method = options.method;
  spec.wait_timeout = options.wait_timeout;
  return spec;
}

bool has_task_lines(const SleepOptions& options) {
  return options.output == OutputFormat::text && task_lines_shown(options);
}

std::unique_ptr<Output> output_for(const SleepOptions& options, const RunRecords& records) {
  switch (options.output) {
    case OutputFormat::json:
      return make_json_output(records, STDOUT_FILENO);
    case OutputFormat::jsonl:
      return make_jsonl_output(records, STDOUT_FILENO);
    case OutputFormat::text:
      break;
  }
  return make_text_output(records, STDOUT_FILENO, task_lines_shown(options));
}

/// What makes two requests the same: the tasks and how they are collected.
std::string asked(const SleepOptions& options) {
  nlohmann::json json = {{"command", "sleep"},
                         {"task_count", options.task_count},
                         {"pause_min_ns", options.pause_min.count()},
                         {"pause_max_ns", options.pause_max.count()},
                         {"seed", nullptr},
                         {"collection_method", to_string(options.method)},
                         {"wait_timeout_ns", nullptr}};
  if (options.seed) json["seed"] = *options.seed;
  if (options.wait_timeout) json["wait_timeout_ns"] = options.wait_timeout->count();
  return json.dump();
}

}  // namespace

int run_sleep(const SleepOptions& options, Instant started) {
  RunPlan plan;
  plan.command = "sleep";
  plan.spec = spec_of(options);
  plan.policy = policy_of(options, default_workers());
  plan.policy.name_starts = options.output == OutputFormat::jsonl || has_task_lines(options);
  plan.asked = asked(options);
  plan.writes_as_it_goes = has_task_lines(options);
  plan.notice = task_lines_notice(options);
  plan.output = [&](const RunRecords& records) { return output_for(options, records); };
  return run_tasks(options, plan, started);
}

}  // namespace rollcall::coordinator
