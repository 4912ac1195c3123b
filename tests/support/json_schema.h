// A validator for the subset of JSON Schema that docs/reference/ uses.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

namespace rollcall {

/// Validates JSON values against a schema. An unsupported keyword is an error, so that no part of a
/// schema goes unchecked. Stricter than the schemas, which allow members that later versions add:
/// this version writes only members that its schemas describe.
class JsonSchema {
 public:
  using Json = nlohmann::json;

  explicit JsonSchema(Json schema) : schema_(std::move(schema)) {}
  /// Returns the path and reason of the first mismatch, or an empty string if `value` is valid.
  std::string misfit(const Json& value) const { return misfit(schema_, value, "$"); }

 private:
  static std::string misfit(const Json& schema, const Json& value, const std::string& where) {
    for (const auto& [keyword, rule] : schema.items()) {
      const std::string why = broken(keyword, rule, value, where);
      if (!why.empty()) return why;
    }
    return {};
  }

  static std::string broken(const std::string& keyword, const Json& rule, const Json& value,
                            const std::string& where) {
    if (keyword.starts_with('$') || keyword == "title" || keyword == "description") return {};
    if (keyword == "type") return has_type(rule, value) ? "" : where + ": wrong type";
    if (keyword == "const") return value == rule ? "" : where + ": is not " + rule.dump();
    if (keyword == "enum") {
      const bool known = std::find(rule.begin(), rule.end(), value) != rule.end();
      return known ? "" : where + ": " + value.dump() + " is not one of " + rule.dump();
    }
    if (keyword == "oneOf") return one_of(rule, value, where);
    if (keyword == "minimum") return !value.is_number() || value >= rule ? "" : where + ": too low";
    if (keyword == "maximum")
      return !value.is_number() || value <= rule ? "" : where + ": too high";
    if (keyword == "maxItems") return value.size() <= rule ? "" : where + ": too many";
    if (keyword == "pattern") {
      const bool fits =
          !value.is_string() ||
          std::regex_search(value.get<std::string>(), std::regex(rule.get<std::string>()));
      return fits ? "" : where + ": does not match " + rule.dump();
    }
    if (keyword == "items") return items(rule, value, where);
    if (keyword == "required") return required(rule, value, where);
    if (keyword == "properties") {
      const std::string other = no_others(rule, value, where);
      return other.empty() ? properties(rule, value, where) : other;
    }
    if (keyword == "not") return misfit(rule, value, where).empty() ? where + ": is excluded" : "";
    return where + ": the schema uses " + keyword + ", which this validator does not support";
  }

  static bool has_type(const Json& types, const Json& value) {
    if (types.is_array()) {
      return std::any_of(types.begin(), types.end(),
                         [&](const Json& type) { return has_type(type, value); });
    }
    if (types == "integer") return value.is_number_integer();
    if (types == "number") return value.is_number();
    return types == value.type_name();
  }
  static std::string one_of(const Json& choices, const Json& value, const std::string& where) {
    std::string why;
    std::size_t fitting = 0;
    for (const Json& choice : choices) {
      const std::string reason = misfit(choice, value, where);
      fitting += reason.empty() ? 1 : 0;
      why += reason + "; ";
    }
    return fitting == 1 ? "" : where + ": fits " + std::to_string(fitting) + " of oneOf: " + why;
  }
  static std::string items(const Json& rule, const Json& value, const std::string& where) {
    if (!value.is_array()) return {};
    for (std::size_t i = 0; i < value.size(); ++i) {
      const auto why = misfit(rule, value[i], where + "[" + std::to_string(i) + "]");
      if (!why.empty()) return why;
    }
    return {};
  }
  static std::string required(const Json& names, const Json& value, const std::string& where) {
    if (!value.is_object()) return {};
    for (const Json& name : names) {
      if (!value.contains(name.get<std::string>())) return where + ": no " + name.dump();
    }
    return {};
  }
  static std::string properties(const Json& rules, const Json& value, const std::string& where) {
    if (!value.is_object()) return {};
    for (const auto& [name, rule] : rules.items()) {
      if (!value.contains(name)) continue;
      const std::string why = misfit(rule, value[name], where + "." + name);
      if (!why.empty()) return why;
    }
    return {};
  }
  static std::string no_others(const Json& known, const Json& value, const std::string& where) {
    if (!value.is_object()) return {};
    for (const auto& [name, member] : value.items()) {
      if (!known.contains(name)) return where + ": " + name + " is not in the schema";
    }
    return {};
  }

  Json schema_;
};

}  // namespace rollcall
