#include "coordinator/commands/follow.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/text.h"
#include "common/cli/command_line.h"
#include "coordinator/commands/stored_run.h"
#include "coordinator/control/client.h"
#include "coordinator/output/stream/stream_writer.h"
#include "coordinator/view/base64.h"

namespace rollcall::coordinator {
namespace {

constexpr int kRefusedOrIncomplete = 1;
constexpr int kCannotWrite = 6;
constexpr std::size_t kReasonBytes = 10'000;

void print_note(const std::string& text) {
  give_up("follow", printable(text, kReasonBytes), 0);
}

/// The value of a line that begins in this way and has no other member. Most lines are such ones,
/// and long.
std::optional<std::string_view> value_of(std::string_view line, std::string_view begin) {
  constexpr std::string_view kEnd = "\"}";
  if (!line.starts_with(begin) || !line.ends_with(kEnd)) return std::nullopt;
  line.remove_prefix(begin.size());
  line.remove_suffix(std::min(kEnd.size(), line.size()));
  return line;
}

/// Prints the lines that a coordinator sends: see Followers.
class FollowedLines {
 public:
  explicit FollowedLines(std::uint32_t task) : task_(fmt::format("task {}", task)) {}

  /// Returns false after the last line, or if nothing more can be printed.
  bool take(const std::string& line) {
    if (const auto text = value_of(line, R"({"stdout":")")) return print(out_, *text);
    if (const auto text = value_of(line, R"({"stderr":")")) return print(err_, *text);
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) return fail("not an answer of a coordinator");
    if (json.contains("error")) return fail(json.value("error", std::string()));
    if (json.value("waits", false)) print_note(task_ + " has not started yet");
    if (json.contains("missing")) note_missing(json);
    if (json.contains("again")) {
      print_note(task_ + ": " + json.value("again", std::string()) + "; another attempt follows");
    }
    if (!json.contains("end")) return true;
    const std::string why = json.value("text", std::string());
    if (!why.empty()) print_note(task_ + ": " + why);
    if (!status_) status_ = is_complete_ ? 0 : kRefusedOrIncomplete;
    return false;
  }

  /// nullopt: the last line has not arrived.
  std::optional<int> status() const { return status_; }

 private:
  bool fail(const std::string& why) {
    print_note(why);
    status_ = kRefusedOrIncomplete;
    return false;
  }

  bool print(StreamWriter& writer, std::string_view text) {
    const auto bytes = from_base64(text);
    if (!bytes) return fail("not an answer of a coordinator");
    writer.buffer() += *bytes;
    writer.write_all();
    if (writer.failed().empty()) return true;
    print_note(writer.failed());
    status_ = kCannotWrite;
    return false;
  }

  void note_missing(const nlohmann::json& json) {
    const bool is_out = json.value("stream", std::string()) == "stdout";
    print_note(
        fmt::format("{}: {} bytes of its standard {} are missing here: they were not read "
                    "in time",
                    task_, json.value("missing", std::uint64_t{0}), is_out ? "output" : "error"));
    is_complete_ = false;
  }

  std::string task_;
  StreamWriter out_{STDOUT_FILENO, "standard output"};
  StreamWriter err_{STDERR_FILENO, "standard error"};
  bool is_complete_ = true;
  std::optional<int> status_;
};

}  // namespace

int run_follow(const FollowOptions& options, const cli::Environment& environment) {
  ::signal(SIGPIPE, SIG_IGN);
  Result<std::string> path = options.control;
  if (options.control.empty()) path = find_control_socket(environment);
  if (!path) return give_up("follow", path.error().message, cli::kUsageStatus);
  const nlohmann::json request{{"command", "follow"}, {"task", options.task}};
  FollowedLines lines(options.task);
  const auto asked = ask_for_lines(*path, request.dump(),
                                   [&lines](const std::string& line) { return lines.take(line); });
  if (!asked) return give_up("follow", asked.error().message, cli::kUsageStatus);
  if (lines.status()) return *lines.status();
  const std::string why = fmt::format(
      "task {}: the coordinator has closed the connection before the task ended", options.task);
  return give_up("follow", why, kRefusedOrIncomplete);
}

}  // namespace rollcall::coordinator
