#include <string>

#include "tests/lint/rules.h"

namespace rollcall::lint {

namespace {

constexpr std::size_t kSourceLines = 400;
constexpr std::size_t kHeaderLines = 150;
constexpr std::size_t kFunctionLines = 70;

std::string at_most(const std::string& what, std::size_t count, std::size_t limit) {
  return what + " of " + std::to_string(count) + " lines, and " + std::to_string(limit) +
         " are too many: ";
}

bool is_using_namespace(const std::string& code) {
  return has_word(code, "using namespace") && code.find("_literals") == std::string::npos;
}

}  // namespace

Findings long_files(const Sources& sources) {
  Findings findings;
  for (const Source& source : sources) {
    const std::size_t limit = source.is_header() ? kHeaderLines : kSourceLines;
    if (source.is_cpp() && source.lines.size() >= limit) {
      findings.push_back(
          {source.path, source.lines.size(),
           at_most("a file", source.lines.size(), limit) + "split it if it has two subjects"});
    }
  }
  return findings;
}

Findings check_sizes(const Sources& sources) {
  Findings findings;
  for (const Source& source : sources) {
    if (!source.is_cpp()) {
      continue;
    }
    for (const Function& function : functions_of(source)) {
      if (function.line_count >= kFunctionLines) {
        findings.push_back({source.path, function.first_line + 1,
                            at_most("a function", function.line_count, kFunctionLines) +
                                "name its parts, and call them"});
      }
    }
  }
  return findings;
}

Findings check_headers(const Sources& sources) {
  Findings findings;
  for (const Source& source : sources) {
    if (!source.is_header()) {
      continue;
    }
    if (source.lines.empty() || !source.lines.front().starts_with("// ")) {
      findings.push_back({source.path, 1, "begin with a comment on the purpose of the header"});
    }
    bool has_pragma = false;
    for (std::size_t i = 0; i < source.code.size(); ++i) {
      has_pragma = has_pragma || source.lines[i] == "#pragma once";
      if (is_using_namespace(source.code[i])) {
        findings.push_back(
            {source.path, i + 1, "using namespace in a header: write the names out"});
      }
    }
    if (!has_pragma) {
      findings.push_back({source.path, 1, "#pragma once is missing"});
    }
  }
  return findings;
}

}  // namespace rollcall::lint
