// The options of `rollcall report`, `rollcall validate` and `rollcall resume`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/cli/command_line.h"
#include "coordinator/cli/run_options.h"

namespace rollcall::coordinator {

/// The form of a report.
enum class ReportFormat : std::uint8_t {
  text,
  json,
  commands,  ///< of the failed tasks, for a shell
};

struct ReportOptions {
  std::string journal;  ///< or, with `failed`, a results file; never empty
  ReportFormat format = ReportFormat::text;
  bool failed = false;  ///< lists the failed tasks
};

struct OutputOptions {
  std::string journal;     ///< never empty
  std::uint64_t task = 0;  ///< from 0
};

struct ValidateOptions {
  std::string journal;                       ///< never empty
  OutputFormat output = OutputFormat::text;  ///< text or json
};

struct ResumeOptions {
  std::string journal;        ///< never empty
  bool retry_failed = false;  ///< what did not succeed is done again
  bool abandon = false;       ///< the run ends instead: `rollcall abandon`
  DisplayOptions display;
};

// Each option table writes into `options`, which outlive it.

cli::CommandSpec report_command(ReportOptions& options);
ParsedOptions<ReportOptions> parse_report(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment);

cli::CommandSpec output_command();
ParsedOptions<OutputOptions> parse_output(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment);

cli::CommandSpec validate_command(ValidateOptions& options);
ParsedOptions<ValidateOptions> parse_validate(const std::vector<std::string>& arguments,
                                              const cli::Environment& environment);

cli::CommandSpec resume_command(ResumeOptions& options);
ParsedOptions<ResumeOptions> parse_resume(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment);

/// Its options are those of resume_command() for the output.
cli::CommandSpec abandon_command(ResumeOptions& options);
ParsedOptions<ResumeOptions> parse_abandon(const std::vector<std::string>& arguments,
                                           const cli::Environment& environment);

}  // namespace rollcall::coordinator
