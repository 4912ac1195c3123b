#include "tests/sim/run_simulator.h"

#include <sys/random.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/simulation.h"

namespace rollcall::sim {
namespace {

constexpr const char* kUsage =
    "sim --seed N             run one seed and print what happens\n"
    "sim --seeds FIRST COUNT  run many, every 20th twice, to see the same trace\n"
    "sim --fresh SECONDS      run random seeds for this much CPU time\n"
    "sim --file FILE          run the seeds in a file\n"
    "sim --scale SEED SESSIONS TASKS\n"
    "--expect-failure before these: status 0 if and only if a seed fails\n";

/// A failed CHECK aborts: the handler still prints the seed.
volatile std::sig_atomic_t expect_failure = 0;
char how_to_repeat[512];  // written before each run, read by the handler
std::string program;      // as the user typed it

void report_failure() {
  const std::string_view text = how_to_repeat;
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) _exit(1);
}

extern "C" void on_abort(int /*signal*/) {
  report_failure();
  _exit(expect_failure != 0 ? 0 : 1);
}

struct Totals {
  std::uint64_t runs = 0, tasks = 0, retried = 0, stale = 0, sessions = 0, steps = 0;
  double virtual_seconds = 0;
};

bool run(const Plan& plan, const std::string& arguments, bool prints, bool twice, Totals& totals) {
  std::snprintf(how_to_repeat, sizeof how_to_repeat,
                "a rule was broken by seed %llu; to see it: %s %s\n",
                static_cast<unsigned long long>(plan.seed), program.c_str(), arguments.c_str());
  const Verdict verdict = simulate(plan, prints);
  std::string wrong = verdict.wrong;
  if (wrong.empty() && twice && simulate(plan).hash != verdict.hash) {
    wrong = "the same seed gave another trace";
  }
  ++totals.runs;
  totals.tasks += verdict.accepted;
  totals.retried += verdict.retried;
  totals.stale += verdict.stale;
  totals.sessions += verdict.sessions;
  totals.steps += verdict.steps;
  totals.virtual_seconds += to_seconds(verdict.virtual_time);
  if (wrong.empty()) return true;
  std::fprintf(stderr, "FAILED: %s\n", wrong.c_str());
  report_failure();
  return false;
}

bool run_seed(std::uint64_t seed, bool prints, bool twice, Totals& totals) {
  return run(plan_for(seed), "--seed " + std::to_string(seed), prints, twice, totals);
}

bool run_seeds(std::uint64_t first, std::uint64_t count, Totals& totals) {
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    if (!run_seed(seed, false, seed % 20 == 0, totals)) return false;
  }
  return true;
}

bool run_fresh(double seconds, Totals& totals) {
  std::uint64_t first = 0;
  if (getentropy(&first, sizeof first) != 0) return false;
  first >>= 24U;  // short enough to type
  std::printf("fresh seeds from %llu\n", static_cast<unsigned long long>(first));
  std::fflush(stdout);
  const std::clock_t begin = std::clock();
  std::uint64_t seed = first;
  while (static_cast<double>(std::clock() - begin) < seconds * CLOCKS_PER_SEC) {
    if (!run_seed(seed++, false, false, totals)) return false;
  }
  return true;
}

bool run_file(const char* path, Totals& totals) {
  std::ifstream file(path);
  bool all_good = file.is_open();
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    all_good = run_seed(std::stoull(line), false, true, totals) && all_good;
  }
  return all_good;
}

bool run_scale(std::uint64_t seed, std::uint32_t sessions, std::uint32_t tasks, Totals& totals) {
  const std::string arguments = "--scale " + std::to_string(seed) + " " + std::to_string(sessions) +
                                " " + std::to_string(tasks);
  return run(plan_at_scale(seed, sessions, tasks), arguments, false, false, totals);
}

std::uint64_t number(const std::string& text) {
  return std::strtoull(text.c_str(), nullptr, 10);
}

int usage() {
  std::fputs(kUsage, stderr);
  return 2;
}

}  // namespace

int run_simulator(const std::string& command, std::vector<std::string> arguments) {
  program = command;
  if (!arguments.empty() && arguments.front() == "--expect-failure") {
    expect_failure = 1;
    arguments.erase(arguments.begin());
  }
  std::signal(SIGABRT, on_abort);
  const std::string mode = arguments.empty() ? "" : arguments[0];
  const std::size_t count = arguments.size();
  Totals totals;
  bool good = false;
  if (mode == "--seed" && count == 2) {
    good = run_seed(number(arguments[1]), true, false, totals);
  } else if (mode == "--seeds" && count == 3) {
    good = run_seeds(number(arguments[1]), number(arguments[2]), totals);
  } else if (mode == "--fresh" && count == 2) {
    good = run_fresh(std::strtod(arguments[1].c_str(), nullptr), totals);
  } else if (mode == "--file" && count == 2) {
    good = run_file(arguments[1].c_str(), totals);
  } else if (mode == "--scale" && count == 4) {
    good = run_scale(number(arguments[1]), static_cast<std::uint32_t>(number(arguments[2])),
                     static_cast<std::uint32_t>(number(arguments[3])), totals);
  } else {
    return usage();
  }
  std::printf(
      "%llu runs: %llu results, %llu attempts repeated, %llu outcomes stale, %llu sessions, "
      "%llu steps, %.0f virtual seconds\n",
      static_cast<unsigned long long>(totals.runs), static_cast<unsigned long long>(totals.tasks),
      static_cast<unsigned long long>(totals.retried),
      static_cast<unsigned long long>(totals.stale),
      static_cast<unsigned long long>(totals.sessions),
      static_cast<unsigned long long>(totals.steps), totals.virtual_seconds);
  return good == (expect_failure == 0) ? 0 : 1;
}

}  // namespace rollcall::sim
