#include "coordinator/run/run_start.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "common/base/text.h"
#include "common/cli/duration_text.h"
#include "common/os/clock.h"

namespace rollcall::coordinator {
namespace {

using Json = nlohmann::json;

Json parse(const std::string& request) {
  return Json::parse(request, nullptr, /*allow_exceptions=*/false);
}

/// Empty: it has gone, or JSON cannot hold its name.
std::string current_directory() {
  std::error_code error;
  const std::string directory = std::filesystem::current_path(error).string();
  return is_utf8(directory) ? directory : std::string();
}

std::string request_of(const RunOptions& options, const std::string& asked) {
  const Json request = {
      {"asked", parse(asked)}, {"arguments", options.arguments}, {"folder", current_directory()}};
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// For a person: what was asked for there, and what is asked for here.
std::string differences(const Json& kept, const Json& wanted) {
  std::string text;
  for (const auto& [name, value] : wanted.items()) {
    // How many tasks there are follows from the input, if there is one.
    if (name == "task_count" && wanted.contains("input")) continue;
    const Json before = kept.value(name, Json());
    if (before == value) continue;
    if (!text.empty()) text += ", ";
    if (name == "input") {
      text += "the input is another one";
      continue;
    }
    const bool is_time = name.ends_with("_ns");
    const auto shown = [is_time](const Json& v) {
      if (v.is_null()) return std::string("not given");
      if (is_time && v.is_number_integer()) return format_exact(Duration(v.get<std::int64_t>()));
      return v.is_string() ? v.get<std::string>() : v.dump();
    };
    std::string option = "--" + name.substr(0, name.size() - (is_time ? 3 : 0));
    std::replace(option.begin(), option.end(), '_', '-');
    if (name == "command") option = "COMMAND";
    text += option + " " + shown(before) + " and not " + shown(value);
  }
  return text;
}

Result<RunStart> go_on(std::unique_ptr<Journal> journal, const RunOptions& options) {
  RunStart start;
  start.journal = std::move(journal);
  start.journal_path = options.journal;
  if (options.retry_failed) {
    if (auto forgot = start.journal->forget_failed(); !forgot) return forgot.error();
  }
  if (start.journal->finished()) {
    start.is_finished = true;
  } else {
    const auto epoch = start.journal->begin_epoch(epoch_start_now());
    if (!epoch) return epoch.error();
    start.epoch = *epoch;
  }
  auto kept = start.journal->load();
  if (!kept) return kept.error();
  start.kept = std::move(*kept);
  if (start.is_finished) return start;
  // Killed before it listened: nobody has any keys to wait with.
  auto keys = read_journal_keys(options.journal);
  if (keys) {
    start.keys = std::move(*keys);
  } else if (keys.error().kind != ErrorKind::retryable) {
    return keys.error();
  }
  return start;
}

}  // namespace

void discard(RunStart& start) {
  if (!start.journal || start.kept) return;
  start.journal.reset();
  std::error_code ignored;
  for (const char* end : {"", "-wal", "-shm", "-keys"}) {
    std::filesystem::remove(start.journal_path + end, ignored);
  }
}

Result<RunStart> start_run(const RunOptions& options, const RunSpec& spec, const std::string& asked,
                           const std::optional<JournalInput>& input) {
  if (options.journal.empty()) return RunStart{};
  if (options.resume) {
    auto journal = Journal::open(options.journal);
    if (journal) {
      const Json kept = parse((*journal)->run().request).value("asked", Json());
      if (!options.resumes_as_saved && kept != parse(asked)) {
        return permanent(options.journal +
                         " holds another request: " + differences(kept, parse(asked)));
      }
      return go_on(std::move(*journal), options);
    }
    if (journal.error().kind != ErrorKind::retryable) return journal.error();
  }
  auto journal =
      Journal::create(options.journal, {spec, request_of(options, asked), os::unix_time().count()});
  if (!journal) return journal.error();
  RunStart start;
  start.journal = std::move(*journal);
  start.journal_path = options.journal;
  if (input) {
    if (auto kept = start.journal->write_input(*input); !kept) {
      const Error why = kept.error();
      discard(start);
      return why;
    }
  }
  const auto epoch = start.journal->begin_epoch(epoch_start_now());
  if (!epoch) return epoch.error();
  start.epoch = *epoch;
  return start;
}

Result<SavedRequest> saved_request(const std::string& path) {
  const auto journal = Journal::open_to_read(path);
  if (!journal) return permanent(journal.error().message);
  const Json request = parse((*journal)->run().request);
  const Json arguments = request.value("arguments", Json());
  if (!arguments.is_array()) return permanent(path + ": its request cannot be read");
  SavedRequest kept;
  kept.command = to_string((*journal)->run().spec.kind);
  const Json directory = request.value("folder", Json());
  if (directory.is_string()) kept.directory = directory.get<std::string>();
  for (const Json& argument : arguments) {
    if (!argument.is_string()) return permanent(path + ": its request cannot be read");
    kept.arguments.push_back(argument.get<std::string>());
  }
  return kept;
}

}  // namespace rollcall::coordinator
