#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <string_view>

#include "tests/lint/rules.h"

namespace rollcall::lint {

namespace {

const Source* find(const Sources& sources, std::string_view path) {
  const auto found = std::ranges::find(sources, path, &Source::path);
  return found == sources.end() ? nullptr : &*found;
}

bool says(const Source& source, std::string_view word) {
  return std::ranges::any_of(source.lines,
                             [&](const std::string& line) { return has_word(line, word); });
}

/// The CMakeLists.txt of the folder or of the nearest one above it; null: none.
const Source* build_file_of(const Sources& sources, std::string folder) {
  while (!folder.empty()) {
    folder = folder.substr(0, folder.rfind('/') == std::string::npos ? 0 : folder.rfind('/'));
    const std::string path = folder.empty() ? "CMakeLists.txt" : folder + "/CMakeLists.txt";
    if (const Source* file = find(sources, path)) {
      return file;
    }
  }
  return nullptr;
}

std::string stem_of(const Source& source) {
  const std::string name = source.path.substr(source.path.rfind('/') + 1);
  return name.substr(0, name.rfind('.'));
}

/// The name that `inline constexpr TYPE NAME = ...` defines; empty for other lines.
std::string constant_of(const std::string& code) {
  const std::size_t end = code.find(" = ");
  if (!code.starts_with("inline constexpr ") || end == std::string::npos) {
    return {};
  }
  const std::size_t begin = code.rfind(' ', end - 1) + 1;
  return code.substr(begin, end - begin);
}

bool is_option_character(char c) {
  return std::islower(static_cast<unsigned char>(c)) != 0 ||
         std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-';
}

/// Every "--option" that stands in the line of code after a quote or a space.
std::set<std::string> options_of(const std::string& line) {
  std::set<std::string> options;
  for (std::size_t at = line.find("--"); at != std::string::npos; at = line.find("--", at + 2)) {
    std::size_t end = at;
    while (end < line.size() && is_option_character(line[end])) {
      ++end;
    }
    const bool begins = at > 0 && std::string_view("\" ,").find(line[at - 1]) != std::string::npos;
    if (begins && end - at > 3 && line[at + 2] != '-') {
      options.insert(line.substr(at, end - at));
    }
  }
  return options;
}

/// True if the manual page has the option: mdoc(7) writes --name as "Fl -name", man(7) as
/// \\-\\-name.
bool explains(const Source& manual, const std::string& option) {
  const std::string name = option.substr(1);
  return std::ranges::any_of(manual.lines, [&](std::string line) {
    std::erase(line, '\\');
    for (std::size_t at = line.find(name, 1); at != std::string::npos;
         at = line.find(name, at + 1)) {
      const std::size_t end = at + name.size();
      if ((line[at - 1] == ' ' || line[at - 1] == '-') &&
          (end == line.size() || !is_option_character(line[end]))) {
        return true;
      }
    }
    return false;
  });
}

/// What is said of an option that only the programs give each other.
constexpr std::string_view kHidden = "Shown::nowhere";

void check_options(const Sources& sources, std::string_view folder, std::string_view page,
                   Findings& findings) {
  const Source* manual = find(sources, page);
  if (manual == nullptr) {
    return;
  }
  for (const Source& source : sources) {
    if (!source.is_in(folder) || stem_of(source).find("options") == std::string::npos) {
      continue;
    }
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      for (const std::string& option : options_of(source.lines[i])) {
        if (!explains(*manual, option) && source.lines[i].find(kHidden) == std::string::npos) {
          findings.push_back({source.path, i + 1,
                              option + " is not in " + std::string(page) +
                                  ": say there what it "
                                  "means, its unit and its default"});
        }
      }
    }
  }
}

}  // namespace

Findings check_built(const Sources& sources) {
  Findings findings;
  for (const Source& source : sources) {
    if (!source.path.ends_with(".cc")) {
      continue;
    }
    const Source* build_file = build_file_of(sources, source.path);
    std::string stem = stem_of(source);
    const bool is_named =
        build_file != nullptr &&
        (says(*build_file, stem) ||
         (stem.ends_with("_test") && says(*build_file, stem.erase(stem.size() - 5))));
    if (!is_named) {
      findings.push_back({source.path, 1,
                          "no CMakeLists.txt names it: it is not built, and its "
                          "tests do not run"});
    }
  }
  return findings;
}

Findings check_limits_used(const Sources& sources) {
  Findings findings;
  const Source* limits = find(sources, "common/limits.h");
  for (std::size_t i = 0; limits != nullptr && i < limits->code.size(); ++i) {
    const std::string name = constant_of(limits->code[i]);
    const bool is_used =
        name.empty() || std::ranges::any_of(sources, [&](const Source& source) {
          return source.is_product() && source.is_cpp() && says(source, "limits::" + name);
        });
    if (!is_used) {
      findings.push_back(
          {limits->path, i + 1, name + ": nothing holds this bound. Hold it, or remove it"});
    }
  }
  return findings;
}

Findings check_options_documented(const Sources& sources) {
  Findings findings;
  check_options(sources, "coordinator/", "docs/man/rollcall.1", findings);
  check_options(sources, "worker/", "docs/man/rollcall-worker.1", findings);
  return findings;
}

}  // namespace rollcall::lint
