#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

#include "tests/lint/rules.h"

namespace rollcall::lint {

namespace {

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// `directory` + `relative`, with each "x/.." and "." taken out.
std::string resolved(const Source& source, std::string_view relative) {
  namespace fs = std::filesystem;
  return (fs::path(source.path).parent_path() / relative).lexically_normal().generic_string();
}

bool is_in_tree(const Sources& sources, std::string target) {
  while (target.ends_with('/')) {
    target.pop_back();
  }
  return std::ranges::any_of(sources, [&](const Source& source) {
    return source.path == target || source.is_in(target + "/");
  });
}

/// Calls visit(target) for each [text](target) of the line that is a path of this tree.
void for_each_link(std::string_view line, auto visit) {
  for (std::size_t at = line.find("]("); at != std::string_view::npos; at = line.find("](", at)) {
    at += 2;
    const std::string_view target = line.substr(at, line.find_first_of(")# ", at) - at);
    if (!target.empty() && target.find(':') == std::string_view::npos) {
      visit(target);
    }
  }
}

}  // namespace

Findings check_white_space(const Sources& sources) {
  Findings findings;
  for (const Source& source : sources) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      const std::string& line = source.lines[i];
      if (line.find('\t') != std::string::npos) {
        findings.push_back({source.path, i + 1, "a tab: indent with spaces"});
      }
      if (line.ends_with(' ') || line.ends_with('\r')) {
        findings.push_back({source.path, i + 1, "white space at the end of the line: remove it"});
      }
    }
    if (!source.ends_with_newline) {
      findings.push_back({source.path, source.lines.size(), "end the file with a newline"});
    }
  }
  return findings;
}

Findings check_machine_paths(const Sources& sources) {
  // In two parts, so that this file does not break its own rule.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kPaths = {
      {{"/wo", "rk/"}, {"/ro", "ot/"}, {"/ho", "me/"}}};
  Findings findings;
  for (const Source& source : sources) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      for (const auto& [begin, end] : kPaths) {
        const std::string path = std::string(begin) + std::string(end);
        if (source.lines[i].find(path) != std::string::npos) {
          findings.push_back({source.path, i + 1,
                              path + ": a path of one machine. Write it from the root of the "
                                     "repository, or take it from the environment"});
        }
      }
    }
  }
  return findings;
}

Findings check_words(const Sources& sources) {
  constexpr std::array<std::string_view, 3> kWords = {"broker", "message queue server", "slave"};
  Findings findings;
  for (const Source& source : sources) {
    const bool is_prose = source.path.ends_with(".md") || source.path.ends_with(".1") ||
                          source.path.ends_with(".proto");
    if (!is_prose || source.path == "docs/architecture.md") {
      continue;
    }
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      for (const std::string_view word : kWords) {
        if (has_word(lower_case(source.lines[i]), word)) {
          findings.push_back({source.path, i + 1,
                              std::string(word) + ": say coordinator or worker. (Where the broker "
                                                  "is, docs/architecture.md says)"});
        }
      }
    }
  }
  return findings;
}

Findings check_links(const Sources& sources) {
  Findings findings;
  for (const Source& source : sources) {
    for (std::size_t i = 0; source.path.ends_with(".md") && i < source.lines.size(); ++i) {
      for_each_link(source.lines[i], [&](std::string_view target) {
        if (!is_in_tree(sources, resolved(source, target))) {
          findings.push_back(
              {source.path, i + 1, std::string(target) + ": the link leads to no file"});
        }
      });
    }
  }
  return findings;
}

}  // namespace rollcall::lint
