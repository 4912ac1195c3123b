#include <algorithm>
#include <array>
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

/// Every "--option" that stands in the line: in text as it is, in man pages with its '\' taken out.
std::set<std::string> options_of(std::string line) {
  std::erase(line, '\\');
  std::set<std::string> options;
  for (std::size_t at = line.find("--"); at != std::string::npos; at = line.find("--", at + 2)) {
    const std::size_t end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-", at);
    const std::string option = line.substr(at, end - at);
    const bool begins =
        at == 0 || std::string_view("\", [(|`*").find(line[at - 1]) != std::string_view::npos;
    if (begins && option.size() > 3 && option[2] != '-' && !option.ends_with('-')) {
      options.insert(option);
    }
  }
  return options;
}

void check_options(const Sources& sources, std::string_view folder, std::string_view page,
                   Findings& findings) {
  const Source* manual = find(sources, page);
  if (manual == nullptr) {
    return;
  }
  std::set<std::string> documented;
  for (const std::string& line : manual->lines) {
    documented.merge(options_of(line));
  }
  for (const Source& source : sources) {
    if (!source.is_in(folder) || stem_of(source).find("options") == std::string::npos) {
      continue;
    }
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      for (const std::string& option : options_of(source.lines[i])) {
        if (!documented.contains(option)) {
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
