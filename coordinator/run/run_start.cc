#include "coordinator/run/run_start.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "common/base/text.h"
#include "common/cli/duration_text.h"
#include "common/os/clock.h"
#include "coordinator/exec/input/shell_quote.h"

namespace rollcall::coordinator {
namespace {

using Json = nlohmann::json;

/// The request of the run in the journal.
Json saved_request(const Journal& journal) {
  const Json request = Json::parse(journal.run().request, nullptr, /*allow_exceptions=*/false);
  return request.is_object() ? request.value("asked", Json()) : Json();
}

/// Empty if it was deleted, or if JSON cannot represent its name.
std::string current_directory() {
  std::error_code error;
  const std::string directory = std::filesystem::current_path(error).string();
  return is_utf8(directory) ? directory : std::string();
}

/// Bytes that are not UTF-8 are replaced, so that what is written and read again is equal.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string request_text(const TaskKind& kind) {
  Json request = {{"asked", kind.request()},
                  {"arguments", kind.options().arguments},
                  {"folder", current_directory()}};
  if (!kind.options().name.empty()) request["name"] = kind.options().name;
  return text_of(request);
}

/// For a person: how the saved request differs from the one that is wanted.
std::string differences(const Json& saved, const Json& wanted) {
  if (!saved.is_object()) return "they are malformed";
  std::string text;
  Json all = saved;  // an option that is not given may be missing on either side
  all.update(wanted);
  for (const auto& [name, any] : all.items()) {
    const Json value = wanted.value(name, Json());
    // The number of tasks and the sizes of several inputs follow from the input.
    const bool is_size = name == "task_count" || name == "sources";
    if (is_size && all.contains("input")) continue;
    if (name == "input" && !wanted.contains(name)) continue;
    const Json before = saved.value(name, Json());
    if (before == value) continue;
    if (!text.empty()) text += ", ";
    if (name == "input") {
      text += "the input has changed";
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
    if (name == "streamed") option = "input";
    text += option + " " + shown(before) + " and not " + shown(value);
  }
  return text.empty() ? "the input has changed" : text;
}

Result<RunStart> continue_run(std::unique_ptr<Journal> journal, const RunOptions& options) {
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
  auto loaded = start.journal->load();
  if (!loaded) return loaded.error();
  start.loaded = std::move(*loaded);
  if (start.is_finished) return start;
  // A coordinator that was killed before it listened has no keys: no worker waits for it.
  auto keys = read_journal_keys(options.journal);
  if (keys) {
    start.keys = std::move(*keys);
  } else if (keys.error().kind != ErrorKind::retryable) {
    return keys.error();
  }
  return start;
}

/// If the file is a journal already, its run can be resumed.
Error cannot_create(const std::string& path, const Error& why) {
  if (!Journal::open_to_read(path)) return why;
  return permanent(
      fmt::format("{}; to continue its run: rollcall resume {}", why.message, shell_quote(path)));
}

}  // namespace

void discard(RunStart& start) {
  if (!start.journal || start.loaded) return;
  start.journal.reset();
  std::error_code ignored;
  for (const char* end : {"", "-wal", "-shm", "-keys", "-commits"}) {
    std::filesystem::remove(start.journal_path + end, ignored);
  }
}

Result<RunStart> start_run(const TaskKind& kind) {
  const RunOptions& options = kind.options();
  if (options.journal.empty()) return RunStart{};
  if (options.resume) {
    auto journal = Journal::open(options.journal);
    if (journal) {
      const Json saved = saved_request(**journal);
      const Json wanted = kind.request();
      if (!options.resumes_as_saved && text_of(saved) != text_of(wanted)) {
        return permanent(options.journal +
                         " was created with different options: " + differences(saved, wanted));
      }
      return continue_run(std::move(*journal), options);
    }
    if (journal.error().kind != ErrorKind::retryable) return journal.error();
  }
  auto journal = Journal::create(options.journal, {kind.spec(), request_text(kind),
                                                   os::unix_time().count(), kind.input_source()});
  if (!journal) return cannot_create(options.journal, journal.error());
  RunStart start;
  start.journal = std::move(*journal);
  start.journal_path = options.journal;
  if (const auto input = kind.journal_input()) {
    if (auto saved = start.journal->write_input(*input); !saved) {
      const Error why = saved.error();
      discard(start);
      return why;
    }
  }
  const auto epoch = start.journal->begin_epoch(epoch_start_now());
  if (!epoch) return epoch.error();
  start.epoch = *epoch;
  return start;
}

}  // namespace rollcall::coordinator
