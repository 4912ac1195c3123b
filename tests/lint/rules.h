// The rules of the project that a program can check. Each finding gives the remedy.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include "tests/lint/source.h"

namespace rollcall::lint {

/// Where a rule is broken, and what to do instead.
struct Finding {
  std::string path;
  std::size_t line = 0;  ///< 1-based
  std::string advice;
};

using Sources = std::vector<Source>;
using Findings = std::vector<Finding>;

/// One rule: looks at the whole tree, returns every place that breaks it.
struct Rule {
  const char* name;
  Findings (*check)(const Sources&);

  friend std::ostream& operator<<(std::ostream& out, const Rule& rule) { return out << rule.name; }
};

// rules_layers.cc: who may include whom.
Findings check_core_includes(const Sources& sources);
Findings check_view_includes(const Sources& sources);
Findings check_library_includes(const Sources& sources);
Findings check_program_includes(const Sources& sources);
Findings check_include_paths(const Sources& sources);
Findings check_layers(const Sources& sources);
Findings check_include_cycles(const Sources& sources);

// rules_code.cc: what code may say.
Findings check_clock(const Sources& sources);
Findings check_core_words(const Sources& sources);
Findings check_unordered_iteration(const Sources& sources);
Findings check_banned_code(const Sources& sources);
Findings check_names(const Sources& sources);

// rules_kinds.cc: which files may ask for the kind of a task.
Findings check_kinds(const Sources& sources);

// rules_size.cc: how long functions may be, and how headers begin.
/// Files that are long enough to deserve a second look. Not a rule: only reported.
Findings long_files(const Sources& sources);
Findings check_sizes(const Sources& sources);
Findings check_headers(const Sources& sources);

// rules_text.cc: every text file of the tree.
Findings check_white_space(const Sources& sources);
Findings check_machine_paths(const Sources& sources);
Findings check_words(const Sources& sources);
Findings check_links(const Sources& sources);

// rules_whole.cc: that one part of the tree knows of the other.
Findings check_built(const Sources& sources);
Findings check_limits_used(const Sources& sources);

/// All of the above.
const std::vector<Rule>& all_rules();

}  // namespace rollcall::lint
