#include "coordinator/output/progress.h"

#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <vector>

#include "common/cli/duration_text.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLongestBar = 40;
constexpr std::size_t kShortestBar = 10;

std::string clock_text(Duration duration) {
  const auto seconds = std::chrono::round<std::chrono::seconds>(duration).count();
  const std::int64_t minutes = seconds / 60;
  if (minutes < 60) return fmt::format("{}:{:02}", minutes, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", minutes / 60, minutes % 60, seconds % 60);
}

std::string rate_text(double rate) {
  const auto rounded = [](double value) {
    return value < 10 ? format_seconds(Duration(static_cast<Duration::rep>(value * 1e9)), 1)
                      : std::to_string(std::llround(value));
  };
  if (rate < 1e4) return rounded(rate) + "/s";
  if (rate < 1e6) return rounded(rate / 1e3) + "k/s";
  return rounded(rate / 1e6) + "M/s";
}

std::uint64_t percent(const Progress& progress) {
  return progress.total == 0 ? 100 : progress.done * 100 / progress.total;
}

std::string count_text(const Progress& progress) {
  return fmt::format("{}/{}{}", progress.done, progress.total, progress.may_grow ? " so far" : "");
}

/// A part of the bar's line; the one of lowest rank is left out first.
struct Piece {
  int rank;
  std::string text;
};

std::vector<Piece> pieces_of(const Progress& progress) {
  std::vector<Piece> pieces;
  pieces.push_back({9, count_text(progress)});
  if (!progress.may_grow) pieces.push_back({5, fmt::format("{}%", percent(progress))});
  pieces.push_back({1, rate_text(progress.tasks_per_second())});
  pieces.push_back({2, fmt::format("{} running", progress.running)});
  if (progress.failed > 0) pieces.push_back({8, fmt::format("{} failed", progress.failed)});
  pieces.push_back({4, clock_text(progress.elapsed)});
  if (const auto left = progress.time_left()) {
    pieces.push_back({6, clock_text(*left) + " left"});
  }
  if (progress.is_paused) pieces.push_back({7, "paused"});
  return pieces;
}

std::string joined(const std::vector<Piece>& pieces) {
  std::string line;
  for (const Piece& piece : pieces) {
    if (!line.empty()) line += "  ";
    line += piece.text;
  }
  return line;
}

std::string bar(const Progress& progress, std::size_t width, bool color) {
  const std::size_t inside = width - 2;
  const std::size_t full = inside * percent(progress) / 100;
  std::string filled(full, '=');
  if (full > 0 && full < inside) filled.back() = '>';
  if (color) filled = "\x1b[32m" + filled + "\x1b[0m";
  return "[" + filled + std::string(inside - full, ' ') + "]";
}

}  // namespace

double Progress::tasks_per_second() const {
  return elapsed > Duration::zero() ? static_cast<double>(done) / to_seconds(elapsed) : 0;
}

std::optional<Duration> Progress::time_left() const {
  if (may_grow || is_paused) return std::nullopt;
  if (elapsed < expected) return expected - elapsed;
  if (done == 0) return std::nullopt;
  const double seconds = static_cast<double>(total - done) / tasks_per_second();
  if (!(seconds < to_seconds(limits::longest_duration))) return std::nullopt;
  return Duration(static_cast<Duration::rep>(seconds * 1e9));
}

std::string bar_line(const Progress& progress, std::size_t columns, bool color) {
  const std::size_t room = columns > 0 ? columns - 1 : 0;
  std::vector<Piece> pieces = pieces_of(progress);
  std::string line = joined(pieces);
  while (pieces.size() > 1 && line.size() > room) {
    pieces.erase(std::min_element(pieces.begin(), pieces.end(),
                                  [](const auto& a, const auto& b) { return a.rank < b.rank; }));
    line = joined(pieces);
  }
  if (line.size() > room) line.resize(room);
  if (progress.may_grow || line.size() + 1 + kShortestBar > room) return line;
  return bar(progress, std::min(kLongestBar, room - line.size() - 1), color) + " " + line;
}

std::string plain_line(const Progress& progress) {
  std::string line = count_text(progress);
  if (!progress.may_grow) line += fmt::format(" done ({} %)", percent(progress));
  line += fmt::format(", {} running, {} failed, {}, {} s", progress.running, progress.failed,
                      rate_text(progress.tasks_per_second()), format_seconds(progress.elapsed, 0));
  if (const auto left = progress.time_left()) {
    line += ", about " + format_seconds(*left, 0) + " s left";
  }
  if (progress.is_paused) line += ", paused";
  return line;
}

Duration next_plain_line(Duration elapsed) {
  static constexpr std::array<Duration, 6> moments = {1s, 2s, 5s, 10s, 30s, 60s};
  for (const Duration moment : moments) {
    if (elapsed < moment) return moment;
  }
  return (elapsed / 60s + 1) * 60s;
}

Duration expected_time(const RunSpec& spec, Duration longest, std::optional<std::uint64_t> slots) {
  if (!slots || *slots == 0) return longest;
  const double mean = (to_seconds(spec.pause_min) + to_seconds(spec.pause_max)) / 2;
  const double work = mean * spec.task_count / static_cast<double>(*slots);
  if (!(work < to_seconds(limits::longest_duration))) return limits::longest_duration;
  return std::max(longest, Duration(static_cast<Duration::rep>(work * 1e9)));
}

ProgressStyle progress_style(ProgressStyle asked, const ProgressPlace& place) {
  if (asked != ProgressStyle::automatic) return asked;
  if (place.silent) return ProgressStyle::none;
  if (!place.on_terminal) return ProgressStyle::plain;
  return place.lines_on_terminal ? ProgressStyle::none : ProgressStyle::bar;
}

}  // namespace rollcall::coordinator
