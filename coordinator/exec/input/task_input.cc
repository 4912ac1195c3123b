#include "coordinator/exec/input/task_input.h"

#include <fmt/core.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/access/strict_json.h"
#include "common/base/check.h"
#include "common/cli/duration_text.h"
#include "common/limits.h"
#include "coordinator/exec/input/csv.h"

namespace rollcall::coordinator {
namespace {

using Json = nlohmann::json;

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

Result<void> read_chunks(int fd, const std::function<Result<void>(std::string_view chunk)>& take) {
  std::array<char, std::size_t{64} << 10U> bytes;
  for (;;) {
    const ssize_t size = ::read(fd, bytes.data(), bytes.size());
    if (size == 0) return {};
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return permanent(std::string("cannot be read: ") + std::strerror(errno));
    Result<void> taken = take({bytes.data(), static_cast<std::size_t>(size)});
    if (!taken) return taken;
  }
}

TaskInput TaskInput::lines(const LineFormat& format) {
  TaskInput input(format.csv ? LineStore::csv(*format.csv) : LineStore(format.separator), false);
  input.has_header_ = format.has_header;
  input.is_csv_ = format.csv.has_value();
  return input;
}

TaskInput TaskInput::combinations(Combinations all) {
  const auto is_named = [](const InputSource& source) { return source.has_header; };
  const bool has_header = std::ranges::any_of(all.sources(), is_named);
  TaskInput input(std::move(all), false);
  input.has_header_ = has_header;
  return input;
}

Result<void> TaskInput::read(int fd) {
  Result<void> read = read_chunks(fd, [this](std::string_view chunk) { return add(chunk); });
  return read ? finish() : read;
}

Result<void> TaskInput::group(GroupLimits limits) {
  groups_.emplace(std::move(limits));
  if (std::holds_alternative<LineStore>(source_)) return {};
  Result<void> added = add_to_groups();
  groups_->end();
  return added;
}

Result<void> TaskInput::add(std::string_view bytes) {
  if (auto* const blocks = std::get_if<RecordBlocks>(&source_)) return blocks->add(bytes);
  auto* const store = std::get_if<LineStore>(&source_);
  CHECK(store != nullptr);
  return take(store->add(bytes));
}

Result<void> TaskInput::finish() {
  if (auto* const blocks = std::get_if<RecordBlocks>(&source_)) return blocks->finish();
  auto* const store = std::get_if<LineStore>(&source_);
  CHECK(store != nullptr);
  Result<void> taken = take(store->finish());
  if (groups_) groups_->end();
  return taken;
}

Result<void> TaskInput::take(const Result<void>& added) {
  Result<void> checked = groups_ ? add_to_groups() : check_commands();
  if (groups_ && (!checked || !added)) groups_->end();
  return checked ? added : checked;
}

Result<void> TaskInput::end_task() {
  if (auto* const blocks = std::get_if<RecordBlocks>(&source_)) return blocks->finish();
  if (groups_) groups_->end();
  return {};
}

void TaskInput::end_early() {
  if (auto* const blocks = std::get_if<RecordBlocks>(&source_)) return blocks->finish_early();
  if (groups_) groups_->end();
}

Result<void> TaskInput::add_to_groups() {
  for (; grouped_ < line_count(); ++grouped_) {
    if (auto added = groups_->add(line(grouped_)); !added) {
      return permanent(fmt::format("line {} {}", grouped_ + 1, added.error().message));
    }
  }
  return {};
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
  if (is_json_) return checked_;
  if (groups_) return groups_->size();
  if (const auto* all = std::get_if<Combinations>(&source_)) return all->size();
  return line_count() - header_lines();
}

std::uint64_t TaskInput::header_lines() const {
  const auto* store = std::get_if<LineStore>(&source_);
  return has_header_ && store != nullptr && store->size() > 0 ? 1 : 0;
}

std::optional<std::vector<std::string>> TaskInput::header() const {
  if (header_lines() > 0) return std::vector<std::string>{line(0)};
  const auto* all = std::get_if<Combinations>(&source_);
  if (!has_header_ || all == nullptr) return std::nullopt;
  std::vector<std::string> names;
  for (const InputSource& source : all->sources()) {
    names.push_back(source.has_header && source.lines() > 0 ? source.line(0) : std::string());
  }
  return names;
}

std::uint64_t TaskInput::bytes() const {
  if (const auto* blocks = std::get_if<RecordBlocks>(&source_)) return blocks->bytes();
  const auto* store = std::get_if<LineStore>(&source_);
  return store == nullptr ? 0 : store->bytes();
}

TaskInput::Longest TaskInput::longest() const {
  if (const auto* blocks = std::get_if<RecordBlocks>(&source_)) return {0, 0, blocks->longest()};
  if (groups_) return {groups_->most_bytes(), groups_->most_lines()};
  if (const auto* range = std::get_if<NumberRange>(&source_)) {
    return {(*range)[range->count - 1].size()};
  }
  if (const auto* store = std::get_if<LineStore>(&source_)) return {store->longest()};
  const auto& sources = std::get<Combinations>(source_).sources();
  Longest longest{0, sources.size()};
  for (const InputSource& source : sources) longest.bytes += source.longest();
  return longest;
}

std::uint64_t TaskInput::carriage_returns() const {
  const auto returns_of = [](const auto* store) -> std::uint64_t {
    return store == nullptr ? 0 : store->carriage_returns();
  };
  if (is_json_) return 0;
  const auto* all = std::get_if<Combinations>(&source_);
  if (all == nullptr) return returns_of(std::get_if<LineStore>(&source_));
  std::uint64_t count = 0;
  for (const InputSource& source : all->sources()) {
    if (source.is_file) count += returns_of(std::get_if<LineStore>(&source.values));
  }
  return count;
}

std::vector<std::string> TaskInput::values(std::uint64_t task) const {
  CHECK(task < size());
  if (groups_) {
    std::vector<std::string> values(groups_->count(task));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = line(groups_->first(task) + i);
    return values;
  }
  if (const auto* all = std::get_if<Combinations>(&source_)) return (*all)[task];
  if (has_blocks()) return {};
  return {line(task + header_lines())};
}

std::vector<std::string> TaskInput::parts(std::uint64_t task) const {
  return has_blocks() ? std::vector<std::string>{block(task)} : values(task);
}

std::string TaskInput::text(std::uint64_t task) const {
  if (is_csv_) return std::string(csv_text(values(task).front()));
  return fmt::format("{}", fmt::join(values(task), " "));
}

std::string TaskInput::lines_of(std::uint64_t task) const {
  return groups_ ? fmt::format("{}", fmt::join(values(task), "\n")) : text(task);
}

std::uint64_t TaskInput::line_count() const {
  if (const auto* range = std::get_if<NumberRange>(&source_)) return range->count;
  if (const auto* store = std::get_if<LineStore>(&source_)) return store->size();
  if (const auto* blocks = std::get_if<RecordBlocks>(&source_)) return blocks->size();
  std::uint64_t count = 0;
  for (const InputSource& source : std::get<Combinations>(source_).sources()) {
    count += source.lines();
  }
  return count;
}

std::string TaskInput::line(std::uint64_t i) const {
  if (const auto* range = std::get_if<NumberRange>(&source_)) return (*range)[i];
  if (const auto* store = std::get_if<LineStore>(&source_)) return (*store)[i];
  if (has_blocks()) return block(i);
  const auto [source, place] = place_of(i);
  return source->line(place);
}

bool TaskInput::is_from_file(std::uint64_t i) const {
  if (std::holds_alternative<NumberRange>(source_)) return false;
  if (std::holds_alternative<LineStore>(source_) || has_blocks()) return true;
  return place_of(i).first->is_file;
}

std::pair<const InputSource*, std::uint64_t> TaskInput::place_of(std::uint64_t i) const {
  for (const InputSource& source : std::get<Combinations>(source_).sources()) {
    if (i < source.lines()) return {&source, i};
    i -= source.lines();
  }
  CHECK(false);
  return {};
}

std::vector<std::vector<std::uint64_t>> TaskInput::source_sizes() const {
  const auto* all = std::get_if<Combinations>(&source_);
  return all == nullptr ? std::vector<std::vector<std::uint64_t>>() : all->sizes();
}

}  // namespace rollcall::coordinator
