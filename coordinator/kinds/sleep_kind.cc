#include "coordinator/kinds/sleep_kind.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "common/os/random.h"

namespace rollcall::coordinator {
namespace {

RunSpec spec_of(const SleepOptions& options) {
  RunSpec spec;
  spec.id = os::random_id128<RunId>();
  spec.kind = KindId::sleep;
  spec.traits = traits_of(spec.kind);
  spec.task_count = static_cast<std::uint32_t>(options.task_count);
  spec.pause_min = options.pause_min;
  spec.pause_max = options.pause_max;
  spec.seed = options.seed.value_or(os::random_u64() % limits::seed);
  spec.method = options.method;
  spec.wait_timeout = options.wait_timeout;
  return spec;
}

ParsedKind parse(const std::vector<std::string>& arguments, const cli::Environment& environment) {
  return kind_of_parsed<SleepKind>(parse_sleep(arguments, environment));
}

}  // namespace

extern const Kind sleep_kind;
const Kind sleep_kind{KindId::sleep, "runs tasks that each pause for a while", parse};

SleepKind::SleepKind(SleepOptions options)
    : options_(std::move(options)), spec_(spec_of(options_)) {}

Policy SleepKind::policy() const {
  Policy policy = policy_of(options_, workers_for_processors());
  policy.name_starts = options_.output == OutputFormat::jsonl || writes_as_it_goes();
  return policy;
}

/// The tasks and how they are collected.
nlohmann::json SleepKind::request() const {
  nlohmann::json json = {{"command", "sleep"},
                         {"task_count", options_.task_count},
                         {"pause_min_ns", options_.pause_min.count()},
                         {"pause_max_ns", options_.pause_max.count()},
                         {"seed", nullptr},
                         {"collection_method", to_string(options_.method)},
                         {"wait_timeout_ns", nullptr}};
  if (options_.seed) json["seed"] = *options_.seed;
  if (options_.wait_timeout) json["wait_timeout_ns"] = options_.wait_timeout->count();
  return json;
}

bool SleepKind::writes_as_it_goes() const {
  return options_.output == OutputFormat::text && task_lines_shown(options_);
}

std::unique_ptr<Output> SleepKind::make_text_output(const RunRecords& records) const {
  return coordinator::make_text_output(records, STDOUT_FILENO, task_lines_shown(options_));
}

std::unique_ptr<Output> SleepKind::make_text_report(const RunRecords& records) const {
  return coordinator::make_text_output(records, STDOUT_FILENO, false);
}

}  // namespace rollcall::coordinator
