// One line of a log: what has happened, and the names and numbers that belong to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rollcall {

enum class Severity : std::uint8_t { debug, info, warning, error };

/// The form of the log: `message key=value ...`, or one JSON object a line.
enum class LogFormat : std::uint8_t { text, json };

/// LogLine("worker joined").add("name", name).add("slots", 4). A value; pure.
class LogLine {
 public:
  using Value = std::variant<std::string, std::uint64_t>;

  // Implicit: most lines are a message alone.
  LogLine(std::string message) : message_(std::move(message)) {}
  LogLine(const char* message) : message_(message) {}

  /// `key` is a word, and none of time, level, program, pid and message.
  LogLine& add(std::string_view key, std::string value);
  LogLine& add(std::string_view key, std::uint64_t value);

  const std::string& message() const { return message_; }
  const std::vector<std::pair<std::string, Value>>& fields() const { return fields_; }

  /// "worker joined name=w1 slots=4". A value that is empty or has spaces, `=`, `"` or `\` is
  /// quoted. In it `"` and `\` follow a `\`, and control characters, invisible characters and
  /// malformed UTF-8 are escaped: the line remains one line.
  std::string text() const;

 private:
  std::string message_;
  std::vector<std::pair<std::string, Value>> fields_;
};

}  // namespace rollcall
