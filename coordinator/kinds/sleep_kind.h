// The kind of task that sleeps.
#pragma once

#include "coordinator/cli/sleep_options.h"
#include "coordinator/kinds/task_kind.h"

namespace rollcall::coordinator {

/// A sleep has no payload: its pause follows from the spec.
class SleepKind final : public TaskKind {
 public:
  explicit SleepKind(SleepOptions options);

  using TaskKind::options;
  RunOptions& options() override { return options_; }
  const RunSpec& spec() const override { return spec_; }
  Policy policy() const override;
  nlohmann::json request() const override;
  const KindDisplay& display() const override { return display_; }
  std::unique_ptr<Output> make_text_report(const RunRecords& records) const override;
  bool writes_as_it_goes() const override;
  std::string notice() const override { return task_lines_notice(options_); }

 private:
  std::unique_ptr<Output> make_text_output(const RunRecords& records) const override;

  SleepOptions options_;
  RunSpec spec_;
  KindDisplay display_;
};

}  // namespace rollcall::coordinator
