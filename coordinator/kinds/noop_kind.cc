// Tasks that do nothing.
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "common/os/random.h"
#include "coordinator/cli/noop_options.h"
#include "coordinator/kinds/task_kind.h"

namespace rollcall::coordinator {
namespace {

class NoopDisplay final : public KindDisplay {
 public:
  bool has_pauses() const override { return false; }
};

/// A task has a known cost, which is zero, and no payload.
class NoopKind final : public TaskKind {
 public:
  explicit NoopKind(NoopOptions options) : options_(std::move(options)) {
    spec_.id = os::random_id128<RunId>();
    spec_.kind = KindId::noop;
    spec_.traits = traits_of(spec_.kind);
    spec_.task_count = static_cast<std::uint32_t>(options_.task_count);
  }

  RunOptions& options() override { return options_; }
  const RunSpec& spec() const override { return spec_; }
  Policy policy() const override {
    Policy policy = policy_of(options_, workers_for_processors());
    policy.name_starts = options_.output == OutputFormat::jsonl;
    return policy;
  }
  nlohmann::json request() const override {
    return {{"command", "noop"}, {"task_count", options_.task_count}};
  }
  const KindDisplay& display() const override { return display_; }
  std::unique_ptr<Output> make_text_report(const RunRecords& records) const override {
    return make_text_output(records);
  }

 private:
  std::unique_ptr<Output> make_text_output(const RunRecords& records) const override {
    return coordinator::make_text_output(records, STDOUT_FILENO, /*task_lines=*/false);
  }

  NoopOptions options_;
  RunSpec spec_;
  NoopDisplay display_;
};

ParsedKind parse(const std::vector<std::string>& arguments, const cli::Environment& environment) {
  return kind_of_parsed<NoopKind>(parse_noop(arguments, environment));
}

}  // namespace

extern const Kind noop_kind;
const Kind noop_kind{KindId::noop, "runs tasks that do nothing, to measure Rollcall itself", parse};

}  // namespace rollcall::coordinator
