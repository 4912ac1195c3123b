#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "tests/lint/rules.h"

namespace rollcall::lint {

namespace {

constexpr std::string_view kGenerated = ".pb.h";

bool is_one_of(std::string_view name, auto... names) {
  return ((name == names) || ...);
}

/// Calls visit(source, line number, included file with its opening mark) for each #include.
void for_each_include(const Sources& sources, auto visit) {
  for (const Source& source : sources) {
    for (std::size_t i = 0; source.is_cpp() && i < source.lines.size(); ++i) {
      const std::string file = included(source.lines[i]);
      if (!file.empty()) {
        visit(source, i + 1, file);
      }
    }
  }
}

/// Headers of common/ that do I/O or know a library's types.
bool is_impure_common(std::string_view file) {
  return file.starts_with("\"common/net/") || file == "\"common/wire.h";
}

/// "coordinator/core/" of "coordinator/core/scheduler.cc".
std::string_view folder_of(const Source& source) {
  return std::string_view(source.path).substr(0, source.path.rfind('/') + 1);
}

bool core_may_include(const Source& source, std::string_view file) {
  // Header-only, without I/O, the same everywhere.
  if (file.starts_with("<boost/sort/") || file.starts_with("<boost/unordered/")) {
    return true;
  }
  if (file.starts_with('<')) {
    const bool is_standard = file.find_first_of("/.") == std::string_view::npos;
    return is_standard &&
           !is_one_of(file.substr(1), "thread", "mutex", "shared_mutex", "condition_variable",
                      "future", "random", "iostream", "fstream", "filesystem", "ctime");
  }
  return (file.starts_with("\"common/") && !is_impure_common(file)) ||
         file.substr(1).starts_with(folder_of(source));
}

}  // namespace

Findings check_core_includes(const Sources& sources) {
  Findings findings;
  for_each_include(sources, [&](const Source& source, std::size_t line, const std::string& file) {
    if (source.is_core() && !core_may_include(source, file)) {
      findings.push_back({source.path, line,
                          file.substr(1) +
                              " in a core: a core includes only the standard library, "
                              "Boost.Sort, Boost.Unordered, the pure headers of common/ and its "
                              "own folder. Let the shell do it, "
                              "and hand the core an event"});
    }
    const bool is_pure_common =
        source.is_in("common/") && !source.is_in("common/net/") && !source.is_in("common/wire");
    if (is_pure_common && (is_impure_common(file) || file.starts_with("<boost/asio"))) {
      findings.push_back({source.path, line,
                          file.substr(1) + " in a pure file of common/: move what needs it to "
                                           "common/net/ or to a shell"});
    }
  });
  return findings;
}

Findings check_library_includes(const Sources& sources) {
  Findings findings;
  for_each_include(sources, [&](const Source& source, std::size_t line, const std::string& file) {
    if (!source.is_product()) {
      return;
    }
    const bool is_protobuf = file.ends_with(kGenerated) || file.starts_with("<google/protobuf");
    if (is_protobuf && !source.is_in("common/wire")) {
      findings.push_back({source.path, line,
                          "Protocol Buffers outside common/wire.*: use the values of "
                          "common/message.h and WireCodec"});
    }
    if (file.substr(1).starts_with("zmq") && !source.is_in("common/net/")) {
      findings.push_back(
          {source.path, line, "ZeroMQ outside common/net/: use the socket class there"});
    }
  });
  return findings;
}

Findings check_program_includes(const Sources& sources) {
  struct Ban {
    std::string_view folder;
    std::string_view other;
  };
  constexpr std::array kBans = {Ban{"coordinator/", "\"worker/"}, Ban{"worker/", "\"coordinator/"},
                                Ban{"common/", "\"worker/"}, Ban{"common/", "\"coordinator/"}};
  Findings findings;
  for_each_include(sources, [&](const Source& source, std::size_t line, const std::string& file) {
    for (const Ban& ban : kBans) {
      if (source.is_in(ban.folder) && file.starts_with(ban.other)) {
        findings.push_back({source.path, line,
                            std::string(ban.folder) + " includes " + file.substr(1) +
                                ": what both programs share belongs to common/"});
      }
    }
  });
  return findings;
}

Findings check_include_paths(const Sources& sources) {
  Findings findings;
  for_each_include(sources, [&](const Source& source, std::size_t line, const std::string& file) {
    if (file.starts_with('<') || file.ends_with(kGenerated)) {
      return;
    }
    if (std::ranges::find(sources, file.substr(1), &Source::path) == sources.end()) {
      findings.push_back({source.path, line,
                          file.substr(1) + " is no file of the tree: write the path from the root "
                                           "of the repository, and <> for a library"});
    }
  });
  return findings;
}

}  // namespace rollcall::lint
