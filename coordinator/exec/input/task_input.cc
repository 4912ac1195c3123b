#include "coordinator/exec/input/task_input.h"

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/access/strict_json.h"
#include "common/base/check.h"
#include "common/cli/duration_text.h"
#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

using Json = nlohmann::json;

/// Parses a number at the beginning of `text` and removes it.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const bool is_digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!is_digit || error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return static_cast<std::uint64_t>(value);
}

/// Removes `c` from the beginning of `text`. Returns false if `text` begins otherwise.
bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool has_nul(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

Result<std::string> text_of(const Json& value, const std::string& name) {
  if (!value.is_string()) return permanent(name + " must be a string");
  return value.get<std::string>();
}

/// Returns a string without NUL, as the system requires it.
Result<std::string> word_of(const Json& value, const std::string& name) {
  Result<std::string> text = text_of(value, name);
  if (text && has_nul(*text)) return permanent(name + " must not contain a NUL");
  return text;
}

Result<void> set_args(const Json& value, Command& command) {
  if (!value.is_array() || value.empty()) {
    return permanent("\"args\" must be a list of strings, the program first");
  }
  for (const Json& each : value) {
    Result<std::string> word = word_of(each, "each of \"args\"");
    if (!word) return word.error();
    command.args.push_back(std::move(*word));
  }
  return {};
}

Result<void> set_env(const Json& value, Command& command) {
  if (!value.is_object()) return permanent("\"env\" must be an object of strings");
  for (const auto& [name, each] : value.items()) {
    if (name.empty() || has_nul(name) || name.find('=') != std::string::npos) {
      return permanent("\"env\" has an invalid variable name");
    }
    Result<std::string> word = word_of(each, "\"env\": \"" + name + "\"");
    if (!word) return word.error();
    command.env.push_back(name + "=" + *word);
  }
  return {};
}

Result<void> set_timeout(const Json& value, Command& command) {
  const Result<std::string> text = text_of(value, "\"timeout\"");
  if (!text) return permanent("\"timeout\" must be a string such as \"30s\"");
  const Result<Duration> timeout = parse_duration(*text);
  if (!timeout) return permanent("\"timeout\": " + timeout.error().message);
  command.timeout = *timeout;
  return {};
}

Result<void> set_member(const std::string& name, const Json& value, Command& command) {
  if (name == "args") return set_args(value, command);
  if (name == "env") return set_env(value, command);
  if (name == "timeout") return set_timeout(value, command);
  if (name != "cwd" && name != "stdin") {
    return permanent("unknown member \"" + name + "\": expected args, env, cwd, stdin or timeout");
  }
  const std::string quoted = "\"" + name + "\"";
  Result<std::string> text = name == "cwd" ? word_of(value, quoted) : text_of(value, quoted);
  if (!text) return text.error();
  (name == "cwd" ? command.cwd : command.input) = std::move(*text);
  return {};
}

}  // namespace

Result<NumberRange> parse_range(std::string_view text) {
  const Error expected = permanent("expected A-B or A-B:STEP with whole numbers, A not above B");
  const std::optional<std::uint64_t> first = take_number(text);
  if (!first || !take(text, '-')) return expected;
  const std::optional<std::uint64_t> last = take_number(text);
  std::optional<std::uint64_t> step = 1;
  if (take(text, ':')) step = take_number(text);
  if (!last || !step || *step == 0 || !text.empty() || *first > *last) return expected;
  const std::uint64_t steps = (*last - *first) / *step;
  if (steps >= limits::task_count) {
    return permanent(fmt::format("more than {} tasks", limits::task_count));
  }
  return NumberRange{*first, *step, steps + 1};
}

Result<Command> parse_json_command(std::string_view line) {
  const Json object = Json::parse(line.begin(), line.end(), nullptr, false);
  if (!object.is_object()) {
    return permanent(object.is_discarded() ? "is not JSON" : "is not a JSON object");
  }
  Command command;
  for (const auto& [name, value] : object.items()) {
    if (const Result<void> set = set_member(name, value, command); !set) return set.error();
  }
  if (command.args.empty()) return permanent("\"args\" is missing");
  return command;
}

Result<void> check_json_command(std::string_view line) {
  const Result<Command> command = parse_json_command(line);
  if (!command) return command.error();
  const Result<Json> object = parse_strict_json(line);
  if (!object) return object.error();
  if (object->contains("timeout") && command->timeout < kShortestTimeout) {
    return permanent("\"timeout\": expected a time of at least " + format_exact(kShortestTimeout));
  }
  return {};
}

Result<void> TaskInput::read(int fd) {
  std::array<char, std::size_t{64} << 10U> bytes;
  for (;;) {
    const ssize_t size = ::read(fd, bytes.data(), bytes.size());
    if (size == 0) return finish();
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return permanent(std::string("cannot be read: ") + std::strerror(errno));
    Result<void> added = add({bytes.data(), static_cast<std::size_t>(size)});
    if (!added) return added;
  }
}

Result<void> TaskInput::add(std::string_view bytes) {
  auto* const store = std::get_if<LineStore>(&source_);
  CHECK(store != nullptr);
  const Result<void> added = store->add(bytes);
  Result<void> checked = check_commands();
  return checked ? added : checked;
}

Result<void> TaskInput::finish() {
  auto* const store = std::get_if<LineStore>(&source_);
  CHECK(store != nullptr);
  const Result<void> finished = store->finish();
  Result<void> checked = check_commands();
  return checked ? finished : checked;
}

Result<void> TaskInput::check_commands() {
  if (!is_json_) return {};
  const auto& store = std::get<LineStore>(source_);
  for (; checked_ < store.size(); ++checked_) {
    const std::string line = store[checked_];
    Result<void> checked = check_json_command(line);
    if (is_saved_) {
      const Result<Command> command = parse_json_command(line);
      checked = command ? Result<void>() : Result<void>(command.error());
    }
    if (!checked) {
      return permanent(fmt::format("line {}: {}", checked_ + 1, checked.error().message));
    }
  }
  return {};
}

std::uint64_t TaskInput::size() const {
  if (const auto* range = std::get_if<NumberRange>(&source_)) return range->count;
  return is_json_ ? checked_ : std::get<LineStore>(source_).size();
}

std::uint64_t TaskInput::bytes() const {
  const auto* store = std::get_if<LineStore>(&source_);
  return store == nullptr ? 0 : store->bytes();
}

std::size_t TaskInput::longest() const {
  if (const auto* range = std::get_if<NumberRange>(&source_)) {
    return (*range)[range->count - 1].size();
  }
  return std::get<LineStore>(source_).longest();
}

std::uint64_t TaskInput::carriage_returns() const {
  const auto* store = std::get_if<LineStore>(&source_);
  return store == nullptr || is_json_ ? 0 : store->carriage_returns();
}

std::string TaskInput::text(std::uint64_t task) const {
  CHECK(task < size());
  if (const auto* range = std::get_if<NumberRange>(&source_)) return (*range)[task];
  return std::get<LineStore>(source_)[task];
}

}  // namespace rollcall::coordinator
