#include "common/base/repeated_lines.h"

#include <utility>

namespace rollcall {
namespace {

bool is_power_of_ten(std::uint64_t n) {
  while (n >= 10 && n % 10 == 0) n /= 10;
  return n == 1;
}

LogLine with_count(LogLine line, std::uint64_t count) {
  if (count > 1) line.add("times", count);
  return line;
}

}  // namespace

std::optional<LogLine> RepeatedLines::count(std::uint64_t source, const LogLine& line,
                                            std::uint64_t first) {
  const std::pair key{source, line.text()};
  const bool is_counted = lines_.contains(key) || lines_.size() < most_;
  Counted& counted = is_counted ? lines_.try_emplace(key, Counted{line}).first->second : others_;
  ++counted.count;
  if (counted.count < first || !is_power_of_ten(counted.count)) return std::nullopt;
  counted.logged = counted.count;
  return with_count(counted.line, counted.count);
}

std::vector<LogLine> RepeatedLines::take_rest() {
  std::vector<LogLine> rest;
  for (const auto& [key, counted] : lines_) {
    const bool is_news = counted.logged > 0 && counted.count > counted.logged;
    if (is_news) rest.push_back(with_count(counted.line, counted.count));
  }
  if (others_.count > others_.logged) rest.push_back(with_count(others_.line, others_.count));
  lines_.clear();
  others_.count = 0;
  others_.logged = 0;
  return rest;
}

}  // namespace rollcall
