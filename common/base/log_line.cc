#include "common/base/log_line.h"

#include "common/base/text.h"

namespace rollcall {
namespace {

std::string with_escapes(std::string_view value) {
  std::string marked;
  for (const char c : value) {
    if (c == '"' || c == '\\') marked += '\\';
    marked += c;
  }
  std::string line;
  for (const char c : visible(marked)) {
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\t') {
      line += "\\t";
    } else {
      line += c;
    }
  }
  return line;
}

std::string shown_value(const std::string& value) {
  std::string escaped = with_escapes(value);
  const bool is_bare =
      !value.empty() && escaped == value && value.find_first_of(" =") == std::string::npos;
  return is_bare ? escaped : '"' + escaped + '"';
}

}  // namespace

LogLine& LogLine::add(std::string_view key, std::string value) {
  fields_.emplace_back(key, std::move(value));
  return *this;
}

LogLine& LogLine::add(std::string_view key, std::uint64_t value) {
  fields_.emplace_back(key, value);
  return *this;
}

std::string LogLine::text() const {
  std::string line = message_;
  for (const auto& [key, value] : fields_) {
    const auto* number = std::get_if<std::uint64_t>(&value);
    line += ' ' + key + '=';
    line += number != nullptr ? std::to_string(*number) : shown_value(std::get<std::string>(value));
  }
  return line;
}

}  // namespace rollcall
