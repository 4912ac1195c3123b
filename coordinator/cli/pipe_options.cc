#include "coordinator/cli/pipe_options.h"

#include <fmt/core.h>

#include <utility>

#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

using cli::CommandSpec;
using cli::GivenOptions;
using cli::OptionSpec;
using cli::Shown;

constexpr unsigned kMebiBits = 20;

cli::Apply block_into(std::size_t& into) {
  return [&into](const std::string& text) -> Result<void> {
    const Result<std::uint64_t> size = parse_size(text);
    if (!size || *size == 0 || *size > limits::block_bytes_most) {
      return permanent(fmt::format("expected a size from 1 to {}M, such as 512K",
                                   limits::block_bytes_most >> kMebiBits));
    }
    into = static_cast<std::size_t>(*size);
    return {};
  };
}

cli::Apply record_text_into(std::string& into) {
  return [&into](const std::string& text) -> Result<void> {
    Result<std::string> parsed = parse_record_text(text);
    if (!parsed) return parsed.error();
    into = std::move(*parsed);
    return {};
  };
}

}  // namespace

Result<std::string> parse_record_text(std::string_view text) {
  constexpr std::string_view kNames = "ntr0\\";
  constexpr std::string_view kCharacters("\n\t\r\0\\", 5);
  std::string parsed;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      parsed += text[i];
      continue;
    }
    const std::size_t known = ++i < text.size() ? kNames.find(text[i]) : std::string_view::npos;
    if (known == std::string_view::npos) {
      return permanent("expected a text with no other escapes than \\n \\t \\r \\0 \\\\");
    }
    parsed += kCharacters[known];
  }
  return parsed;
}

void add_pipe(std::vector<OptionSpec>& table, ExecOptions& into) {
  const char* group = "Tasks";
  table.insert(
      table.end(),
      {{"--pipe", "", "", group, Shown::in_help_all,
        "each command reads a block of the input, of whole lines, from its stdin",
        cli::flag_into(into.pipe)},
       {"--block", "", "SIZE", group, Shown::in_help_all,
        "with --pipe: bytes of a block, at most (default 1M, up to 7M)",
        block_into(into.records.block_bytes)},
       {"--recend", "", "TEXT", group, Shown::in_help_all,
        "with --pipe: what a record ends with (default \\n)", record_text_into(into.records.end)},
       {"--recstart", "", "TEXT", group, Shown::in_help_all,
        "with --pipe: what a record begins with, such as > of FASTA",
        record_text_into(into.records.begin)}});
}

std::optional<cli::UsageError> check_pipe(const CommandSpec& command, const GivenOptions& given,
                                          ExecOptions& options) {
  if (!options.pipe) {
    for (const char* name : {"--block", "--recend", "--recstart"}) {
      if (find(given, name) == nullptr) continue;
      return usage_error(command, std::string(name) + ": requires --pipe");
    }
    return std::nullopt;
  }
  const auto excludes = [&](const std::string& other) {
    return usage_error(command, "--pipe: cannot be combined with " + other);
  };
  if (find(given, "--null") != nullptr) return excludes("--null; expected --recend '\\0'");
  if (find(given, "--max-args") != nullptr) {
    return excludes("--max-args; with --block 1, each command gets one record");
  }
  for (const char* name : {"--from-json", "--range", "--colsep", "--csv", "--header", "--max-chars",
                           "--replacement", "--stdin"}) {
    if (find(given, name) != nullptr) return excludes(name);
  }
  if (!options.sources.empty()) {
    return excludes(options.sources.front().name +
                    "; expected one file (--each-line), or standard input");
  }
  // As with parallel: what a record begins with is then enough.
  const bool has_begin = find(given, "--recstart") != nullptr;
  if (has_begin && find(given, "--recend") == nullptr) options.records.end.clear();
  return std::nullopt;
}

}  // namespace rollcall::coordinator
