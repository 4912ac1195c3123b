#include "common/base/repeated_lines.h"

#include <fmt/core.h>

namespace rollcall {
namespace {

constexpr const char* kOthers = "more lines about other peers";

bool is_power_of_ten(std::uint64_t n) {
  while (n >= 10 && n % 10 == 0) n /= 10;
  return n == 1;
}

std::string line_of(const std::string& text, std::uint64_t count) {
  return count == 1 ? text : fmt::format("{} ({} times)", text, count);
}

}  // namespace

std::optional<std::string> RepeatedLines::count(std::uint64_t source, const std::string& text,
                                                std::uint64_t first) {
  const auto known = lines_.find({source, text});
  const bool is_known = known != lines_.end();
  const bool is_counted = is_known || lines_.size() < most_;
  Counted& counted = is_known ? known->second : is_counted ? lines_[{source, text}] : others_;
  ++counted.count;
  if (counted.count < first || !is_power_of_ten(counted.count)) return std::nullopt;
  counted.logged = counted.count;
  return line_of(is_counted ? text : kOthers, counted.count);
}

std::vector<std::string> RepeatedLines::take_rest() {
  std::vector<std::string> rest;
  for (const auto& [line, counted] : lines_) {
    const bool is_news = counted.logged > 0 && counted.count > counted.logged;
    if (is_news) rest.push_back(line_of(line.second, counted.count));
  }
  if (others_.count > others_.logged) rest.push_back(line_of(kOthers, others_.count));
  lines_.clear();
  others_ = {};
  return rest;
}

}  // namespace rollcall
