#include <algorithm>
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

/// The CMakeLists.txt of the directory or of the nearest one above it; null: none.
const Source* build_file_of(const Sources& sources, std::string directory) {
  while (!directory.empty()) {
    directory =
        directory.substr(0, directory.rfind('/') == std::string::npos ? 0 : directory.rfind('/'));
    const std::string path = directory.empty() ? "CMakeLists.txt" : directory + "/CMakeLists.txt";
    if (const Source* file = find(sources, path)) {
      return file;
    }
  }
  return nullptr;
}

/// "kinds/*.cc" of coordinator/kinds/a.cc, for coordinator/CMakeLists.txt.
std::string glob_of(const Source& source, const Source& build_file) {
  const std::size_t directory = build_file.path.rfind('/') + 1;
  const std::size_t name = source.path.rfind('/') + 1;
  return source.path.substr(directory, name - directory) + "*.cc";
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
        (says(*build_file, stem) || says(*build_file, glob_of(source, *build_file)) ||
         (stem.ends_with("_test") &&
          (says(*build_file, "*_test.cc") || says(*build_file, stem.erase(stem.size() - 5)))));
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

}  // namespace rollcall::lint
