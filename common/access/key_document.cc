#include "common/access/key_document.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

namespace rollcall {
namespace {

constexpr std::size_t kKeyCharacters = 40;
constexpr std::string_view kZ85 =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

std::string in_quotes(std::string_view name) {
  return '"' + std::string(name) + '"';
}

bool is_string(const nlohmann::json& document, std::string_view name) {
  const auto found = document.find(name);
  return found != document.end() && found->is_string();
}

bool is_number(const nlohmann::json& document, std::string_view name) {
  const auto found = document.find(name);
  return found != document.end() && found->is_number_unsigned() &&
         found->get<std::uint64_t>() <= std::numeric_limits<std::uint32_t>::max();
}

/// 40 characters of Z85; each group of five is a 32-bit number.
bool is_curve_key(std::string_view text) {
  if (text.size() != kKeyCharacters) return false;
  std::uint64_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = kZ85.find(text[i]);
    if (digit == std::string_view::npos) return false;
    group = (i % 5 == 0 ? 0 : group * kZ85.size()) + digit;
    if (group > std::numeric_limits<std::uint32_t>::max()) return false;
  }
  return true;
}

}  // namespace

std::string document_error(const nlohmann::json& document, std::string_view schema,
                           std::span<const char* const> strings, std::string_view number) {
  if (!document.is_object()) return "not a JSON object";
  if (!is_string(document, "schema") || document["schema"] != schema) {
    return "\"schema\" is not " + in_quotes(schema);
  }
  for (const char* name : strings) {
    if (!is_string(document, name)) return in_quotes(name) + " is missing or not a string";
  }
  if (!number.empty() && !is_number(document, number)) {
    return in_quotes(number) + " is missing or not a 32-bit number";
  }
  for (const auto& [name, value] : document.items()) {
    if (name == "schema" || name == number) continue;
    if (std::ranges::find(strings, name) == strings.end())
      return "unknown member " + in_quotes(name);
  }
  return {};
}

bool is_endpoint(std::string_view text) {
  return text.starts_with("tcp://") || text.starts_with("ipc://");
}

bool are_curve_keys(std::initializer_list<std::string_view> keys) {
  return std::ranges::all_of(keys, is_curve_key);
}

bool are_empty(std::initializer_list<std::string_view> keys) {
  return std::ranges::all_of(keys, [](std::string_view key) { return key.empty(); });
}

}  // namespace rollcall
