#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "tests/lint/rules.h"

namespace rollcall::lint {

namespace {

struct Ban {
  std::string_view word;
  std::string_view instead;
};

/// A finding for each line of code of the chosen sources that has a banned word.
template <std::size_t N>
Findings find_banned(const Sources& sources, const std::array<Ban, N>& bans,
                     const std::function<bool(const Source&)>& applies) {
  Findings findings;
  for (const Source& source : sources) {
    for (std::size_t i = 0; applies(source) && i < source.code.size(); ++i) {
      for (const Ban& ban : bans) {
        if (has_word(source.code[i], ban.word)) {
          findings.push_back(
              {source.path, i + 1, std::string(ban.word) + ": " + std::string(ban.instead)});
        }
      }
    }
  }
  return findings;
}

constexpr std::string_view kUseClock = "the clock is read in common/os/clock.cc only: take a now";
constexpr std::array kClocks = {
    Ban{"clock_gettime", kUseClock},     Ban{"gettimeofday", kUseClock},
    Ban{"timespec_get", kUseClock},      Ban{"steady_clock::now", kUseClock},
    Ban{"system_clock::now", kUseClock}, Ban{"high_resolution_clock::now", kUseClock},
    Ban{"clock_type::now", kUseClock},   Ban{"std::time(", kUseClock},
    Ban{"time(nullptr)", kUseClock},
};

constexpr std::string_view kShell =
    "not in a core: let the shell do it, and hand the core an event";
constexpr std::string_view kSeeded = "use the seeded generator of common/base/rng.h";
constexpr std::array kCoreWords = {
    Ban{"now()", "a core reads no clock: take the now that step() is given"},
    Ban{"getenv", "a core reads no environment: make it an option"},
    Ban{"throw", "a core never throws: CHECK, or an action that reports the error"},
    Ban{"std::thread", kShell},
    Ban{"std::jthread", kShell},
    Ban{"std::mutex", kShell},
    Ban{"std::atomic", kShell},
    Ban{"std::async", kShell},
    Ban{"std::cout", kShell},
    Ban{"std::cerr", kShell},
    Ban{"printf", kShell},
    Ban{"fmt::print", kShell},
    Ban{"asio", kShell},
    Ban{"spdlog", kShell},
    Ban{"protobuf", kShell},
    Ban{"float", "double, or a Duration: sums of floats differ between machines"},
};

constexpr std::array kBannedEverywhere = {
    Ban{"rand(", kSeeded},
    Ban{"srand(", kSeeded},
    Ban{"random_device", "use the random bytes of common/net/, or a seed"},
    Ban{"mt19937", kSeeded},
    Ban{"mt19937_64", kSeeded},
    Ban{"default_random_engine", kSeeded},
    Ban{"uniform_int_distribution", kSeeded},
    Ban{"uniform_real_distribution", kSeeded},
    Ban{"normal_distribution", kSeeded},
    Ban{"exponential_distribution", kSeeded},
    Ban{"bernoulli_distribution", kSeeded},
    Ban{"std::shuffle",
        "its order differs between standard libraries: shuffle with common/base/rng.h"},
    Ban{"std::ranges::shuffle",
        "its order differs between standard libraries: use common/base/rng.h"},
    Ban{"std::sample", "its choice differs between standard libraries: use common/base/rng.h"},
    Ban{"assert(", "CHECK of common/base/check.h: it is on in release builds too"},
    Ban{"detach()", "a thread has an owner that joins it"},
    Ban{"localtime(", "localtime_r: localtime is not thread-safe"},
};

/// Tests that run on virtual time, or on none.
bool is_timeless_test(const Source& source) {
  return source.is_in("tests/unit/") || source.is_in("tests/sim/") ||
         source.is_in("tests/scenario/") || source.is_in("tests/fuzz/");
}

/// The words of an identifier, in lower case: "kTaskCount" and "task_count_" give task, count.
std::vector<std::string> words_of(std::string_view identifier) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < identifier.size(); ++i) {
    const auto c = static_cast<unsigned char>(identifier[i]);
    const bool starts_word = std::isupper(c) != 0 && i > 0 &&
                             std::islower(static_cast<unsigned char>(identifier[i - 1])) != 0;
    if (c == '_' || starts_word) {
      words.emplace_back();
    }
    if (c != '_') {
      words.back() += static_cast<char>(std::tolower(c));
    }
  }
  return words;
}

std::vector<std::string> identifiers_of(const std::string& code) {
  std::vector<std::string> found(1);
  for (const char c : code) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      found.back() += c;
    } else if (!found.back().empty()) {
      found.emplace_back();
    }
  }
  return found;
}

/// The names that the file declares as unordered containers, the standard library's or Boost's,
/// one line each.
std::set<std::string> unordered_names(const Source& source) {
  std::set<std::string> names;
  for (const std::string& line : source.code) {
    const std::size_t at = line.find("::unordered_");
    const std::size_t end = line.find_first_of(";{=", at);
    if (at == std::string::npos || end == std::string::npos) {
      continue;
    }
    const std::vector<std::string> words = identifiers_of(line.substr(at, end - at));
    names.insert(words.back().empty() && words.size() > 1 ? words[words.size() - 2] : words.back());
  }
  return names;
}

std::string without_suffix(const std::string& path) {
  return path.substr(0, path.rfind('.'));
}

bool iterates(const std::string& code, const std::string& name) {
  const bool is_range_for = has_word(code, "for") && has_word(code, ": " + name + ")");
  return is_range_for || has_word(code, name + ".begin()") || has_word(code, name + ".cbegin()");
}

}  // namespace

Findings check_clock(const Sources& sources) {
  Findings findings = find_banned(sources, kClocks, [](const Source& source) {
    return (source.is_product() && source.path != "common/os/clock.cc") || is_timeless_test(source);
  });
  constexpr std::string_view kWait = "a test waits for a fact, never for a fixed time";
  constexpr std::array kSleeps = {Ban{"sleep_for", kWait}, Ban{"sleep_until", kWait},
                                  Ban{"usleep(", kWait}, Ban{"nanosleep(", kWait}};
  const Findings sleeps = find_banned(sources, kSleeps, is_timeless_test);
  findings.insert(findings.end(), sleeps.begin(), sleeps.end());
  return findings;
}

Findings check_core_words(const Sources& sources) {
  return find_banned(sources, kCoreWords, [](const Source& source) { return source.is_core(); });
}

Findings check_banned_code(const Sources& sources) {
  return find_banned(sources, kBannedEverywhere, [](const Source&) { return true; });
}

Findings check_unordered_iteration(const Sources& sources) {
  Findings findings;
  for (const Source& source : sources) {
    if (!source.is_core()) {
      continue;
    }
    std::set<std::string> names;
    for (const Source& other : sources) {
      if (other.is_cpp() && without_suffix(other.path) == without_suffix(source.path)) {
        names.merge(unordered_names(other));
      }
    }
    for (std::size_t i = 0; i < source.code.size(); ++i) {
      for (const std::string& name : names) {
        if (iterates(source.code[i], name)) {
          findings.push_back({source.path, i + 1,
                              "iterates over the unordered " + name +
                                  ": the order differs between "
                                  "standard libraries. Keep a vector or a std::map beside it"});
        }
      }
    }
  }
  return findings;
}

Findings check_names(const Sources& sources) {
  constexpr std::array kSynonyms = {Ban{"broker", "coordinator"}, Ban{"master", "coordinator"},
                                    Ban{"leader", "coordinator"}, Ban{"slave", "worker"},
                                    Ban{"minion", "worker"},      Ban{"incarnation", "session"}};
  constexpr std::array kCoreSynonyms = {Ban{"client", "worker"}, Ban{"server", "coordinator"},
                                        Ban{"node", "worker, or host"}, Ban{"peer", "session"}};
  Findings findings;
  const auto look = [&](const Source& source, std::size_t i, const std::string& identifier,
                        const auto& bans) {
    const std::vector<std::string> words = words_of(identifier);
    for (const Ban& ban : bans) {
      const std::string word(ban.word);
      if (std::ranges::count(words, word) + std::ranges::count(words, word + "s") > 0) {
        findings.push_back(
            {source.path, i + 1, identifier + ": the term here is " + std::string(ban.instead)});
      }
    }
  };
  for (const Source& source : sources) {
    for (std::size_t i = 0; source.is_product() && i < source.code.size(); ++i) {
      for (const std::string& identifier : identifiers_of(source.code[i])) {
        look(source, i, identifier, kSynonyms);
        if (source.is_core()) {
          look(source, i, identifier, kCoreSynonyms);
        }
      }
    }
  }
  return findings;
}

}  // namespace rollcall::lint
