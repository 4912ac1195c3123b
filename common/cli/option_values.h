// Parsers for the values of command line options, and the `apply` of an OptionSpec (command_line.h)
// for each. Every error states what is valid: "expected ...".
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/log_line.h"
#include "common/base/result.h"
#include "common/cli/duration_text.h"
#include "common/model/time.h"

namespace rollcall::cli {

using Apply = std::function<Result<void>(const std::string&)>;

/// A decimal number from `min` to `max`; only digits.
Result<std::uint64_t> parse_count(std::string_view text, std::uint64_t min, std::uint64_t max);

/// A duration from `min` to `max` (duration_text.h).
Result<Duration> parse_duration_within(std::string_view text, Duration min, Duration max);

/// A name and its value.
template <class Value>
struct Choice {
  std::string_view name;
  Value value;
};

/// "expected auto, bar or plain".
Error expected_one_of(const std::vector<std::string>& names);

/// Sets `into`, which may be a std::optional and must outlive the result.
template <class Count>
Apply count_into(Count& into, std::uint64_t min, std::uint64_t max) {
  return [&into, min, max](const std::string& text) -> Result<void> {
    const Result<std::uint64_t> count = parse_count(text, min, max);
    if (!count) return count.error();
    if constexpr (std::integral<Count>) {
      into = static_cast<Count>(*count);
    } else {
      into = static_cast<typename Count::value_type>(*count);
    }
    return {};
  };
}

template <class MaybeDuration>
Apply duration_into(MaybeDuration& into, Duration min, Duration max) {
  return [&into, min, max](const std::string& text) -> Result<void> {
    const Result<Duration> duration = parse_duration_within(text, min, max);
    if (!duration) return duration.error();
    into = *duration;
    return {};
  };
}

template <class Choices>
std::vector<std::string> names_of(const Choices& choices) {
  std::vector<std::string> names;
  names.reserve(std::size(choices));
  for (const auto& choice : choices) names.emplace_back(choice.name);
  return names;
}

template <class Value, class Choices>
Apply choice_into(Value& into, const Choices& choices) {
  return [&into, &choices](const std::string& text) -> Result<void> {
    for (const auto& choice : choices) {
      if (choice.name == text) {
        into = Value(choice.value);
        return {};
      }
    }
    return expected_one_of(names_of(choices));
  };
}

/// Any text but the empty one; `expected` names it in the error: "a file name".
Apply text_into(std::string& into, const std::string& expected);

/// The result of a parser such as parse_bind_endpoint().
Apply parsed_into(std::string& into, Result<std::string> (*parse)(std::string_view));

/// For an option without a value.
Apply flag_into(bool& into);

/// The levels of --log-level, most verbose first.
const std::vector<std::string>& log_levels();
Apply log_level_into(std::string& into);

/// The values of --log-format.
inline constexpr std::array<Choice<LogFormat>, 2> kLogFormats{
    {{"text", LogFormat::text}, {"json", LogFormat::json}}};

}  // namespace rollcall::cli
