// The bare reference of one process: a heap of due times and clock_nanosleep. What no network, no
// second process and no bookkeeping cost.
//
//   posix_loop [--tasks N] [--pause-min-ns A] [--pause-max-ns B] [--slots S] [--slack-ns 0]
//
// --slots: sleeps at once; 0: all. --slack-ns: no wake-up sooner than this after the one before.
// Prints one JSON object.
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <queue>
#include <vector>

#include "bench/arguments.h"
#include "bench/children.h"
#include "bench/statistics.h"
#include "common/base/rng.h"
#include "common/os/clock.h"

namespace rollcall::bench {
namespace {

struct Settings {
  std::uint32_t tasks = 0;
  std::uint64_t pause_min = 0;
  std::uint64_t pause_max = 0;
  std::uint32_t slots = 0;
  std::int64_t slack = 0;
};

std::int64_t now_ns() {
  return to_ns(os::now());
}

void sleep_until(std::int64_t due) {
  const timespec at{due / 1'000'000'000, due % 1'000'000'000};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == EINTR) {
  }
}

class Loop {
 public:
  explicit Loop(const Settings& settings) : settings_(settings) {
    lateness_.reserve(settings.tasks);
  }

  void run() {
    began_ = now_ns();
    start(settings_.slots == 0 ? settings_.tasks : settings_.slots, began_);
    while (!due_.empty()) {
      std::int64_t now = now_ns();
      if (due_.top() > now) {
        sleep_until(std::max(due_.top(), now + settings_.slack));
        now = now_ns();
      }
      std::uint32_t ended = 0;
      for (; !due_.empty() && due_.top() <= now; due_.pop(), ++ended) {
        lateness_.push_back(1e-9 * static_cast<double>(now - due_.top()));
      }
      start(ended, now);
    }
    ended_ = now_ns();
  }

  double seconds() const { return 1e-9 * static_cast<double>(ended_ - began_); }
  double lower_bound() const {
    double bound = 1e-9 * static_cast<double>(longest_);
    if (settings_.slots == 0) return bound;
    const std::uint64_t rounds = (settings_.tasks + settings_.slots - 1) / settings_.slots;
    const double in_all = settings_.pause_min == settings_.pause_max
                              ? static_cast<double>(rounds * settings_.pause_min)
                              : static_cast<double>(work_) / settings_.slots;
    return std::max(bound, 1e-9 * in_all);
  }
  double late(double part) { return percentile(lateness_, part); }

 private:
  void start(std::uint32_t count, std::int64_t now) {
    for (; count > 0 && next_ < settings_.tasks; --count, ++next_) {
      const std::uint64_t pause =
          settings_.pause_min +
          scale_below(random_at(1, next_), settings_.pause_max - settings_.pause_min + 1);
      longest_ = std::max(longest_, pause);
      work_ += pause;
      due_.push(now + static_cast<std::int64_t>(pause));
    }
  }

  Settings settings_;
  std::priority_queue<std::int64_t, std::vector<std::int64_t>, std::greater<>> due_;
  std::vector<double> lateness_;
  std::uint32_t next_ = 0;
  std::uint64_t longest_ = 0;
  std::uint64_t work_ = 0;
  std::int64_t began_ = 0;
  std::int64_t ended_ = 0;
};

Settings settings_from(Arguments& arguments) {
  Settings settings;
  settings.tasks = static_cast<std::uint32_t>(arguments.number("tasks", 1'000'000));
  settings.pause_min = static_cast<std::uint64_t>(arguments.number("pause-min-ns", 1'000'000'000));
  settings.pause_max =
      std::max(settings.pause_min, static_cast<std::uint64_t>(arguments.number("pause-max-ns", 0)));
  settings.slots = static_cast<std::uint32_t>(arguments.number("slots", 0));
  settings.slack = arguments.number("slack-ns", 0);
  arguments.check();
  return settings;
}

}  // namespace
}  // namespace rollcall::bench

int main(int argc, char** argv) {
  using namespace rollcall;
  bench::Arguments arguments(argc, argv);
  const bench::Settings settings = bench::settings_from(arguments);
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  bench::Loop loop(settings);
  loop.run();
  std::printf(
      "{\"tasks\": %u, \"slots\": %u, \"seconds\": %.9f, \"lower_bound_seconds\": %.9f, "
      "\"overhead_seconds\": %.9f, \"lateness_p50_seconds\": %.9f, "
      "\"lateness_p99_seconds\": %.9f, \"cpu_seconds\": %.3f, \"peak_rss_bytes\": %llu}\n",
      settings.tasks, settings.slots, loop.seconds(), loop.lower_bound(),
      loop.seconds() - loop.lower_bound(), loop.late(0.5), loop.late(0.99), bench::cpu_seconds(),
      static_cast<unsigned long long>(bench::peak_rss_bytes()));
  return 0;
}
