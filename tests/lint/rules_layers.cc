#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

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

/// Directories of common/ that do I/O or know a library's types.
bool is_impure_common(std::string_view path) {
  return path.starts_with("common/net/") || path.starts_with("common/os/") ||
         path.starts_with("common/wire/") || path.starts_with("common/access/") ||
         path.starts_with("common/cli/log.");
}

/// "coordinator/core/" of "coordinator/core/tasks/backlog.cc".
std::string_view core_of(const Source& source) {
  return std::string_view(source.path).substr(0, source.path.find("core/") + 5);
}

/// "common/model" of "common/model/ids.h".
std::string_view directory_of(std::string_view path) {
  return path.substr(0, path.rfind('/'));
}

/// The directories of the product, lowest first: a file includes headers of its own directory and
/// of those before it. docs/architecture.md, "Layout", gives the reasons.
constexpr std::array<std::string_view, 34> kLayers = {
    // Both programs: values first, then the machine, then the network.
    "common/base",
    "common/model",
    "common",
    "common/messages",
    "common/wire",
    "common/os",
    "common/net",
    "common/access",
    "common/cli",
    // The coordinator's rules.
    "coordinator/core/model",
    "coordinator/core/output",
    "coordinator/core/tasks",
    "coordinator/core/sessions",
    "coordinator/core/commits",
    "coordinator/core/analysis",
    "coordinator/core",
    // Its runtime, from what a task is made of to the commands that users type.
    "coordinator/exec/input",
    "coordinator/exec/results",
    "coordinator/view",
    "coordinator/cli",
    "coordinator/access",
    "coordinator/journal/sqlite",
    "coordinator/journal",
    "coordinator/output/stream",
    "coordinator/output",
    "coordinator/kinds",
    "coordinator/control",
    "coordinator/run",
    "coordinator/commands",
    "coordinator",
    // The worker.
    "worker/core",
    "worker/guardian",
    "worker/executors",
    "worker",
};

/// Returns the place of its directory in kLayers, or kLayers.size().
std::size_t layer_of(std::string_view path) {
  const auto found = std::ranges::find(kLayers, directory_of(path));
  return static_cast<std::size_t>(found - kLayers.begin());
}

/// A header of the standard library without I/O, threads or clocks.
bool is_pure_standard(std::string_view file) {
  const bool is_standard =
      file.starts_with('<') && file.find_first_of("/.") == std::string_view::npos;
  return is_standard &&
         !is_one_of(file.substr(1), "thread", "mutex", "shared_mutex", "condition_variable",
                    "future", "random", "iostream", "fstream", "filesystem", "ctime");
}

bool core_may_include(const Source& source, std::string_view file) {
  // Without I/O, and the same results everywhere.
  if (file.starts_with("<boost/sort/") || file.starts_with("<boost/unordered/") ||
      file == "<fmt/core.h") {
    return true;
  }
  if (file.starts_with('<')) return is_pure_standard(file);
  file.remove_prefix(1);
  return (file.starts_with("common/") && !is_impure_common(file)) ||
         file.starts_with(core_of(source));
}

bool view_may_include(std::string_view file) {
  if (file.starts_with("<nlohmann/") || file == "<fmt/core.h") return true;
  if (file.starts_with('<')) return is_pure_standard(file);
  file.remove_prefix(1);
  return (file.starts_with("common/") && !is_impure_common(file)) ||
         file.starts_with("coordinator/core/") || file.starts_with("coordinator/view/") ||
         file.starts_with("coordinator/exec/input/") ||
         is_one_of(file, "coordinator/exec/results/command_results.h",
                   "coordinator/exec/results/run_commands.h");
}

}  // namespace

Findings check_core_includes(const Sources& sources) {
  Findings findings;
  for_each_include(sources, [&](const Source& source, std::size_t line, const std::string& file) {
    if (source.is_core() && !core_may_include(source, file)) {
      findings.push_back(
          {source.path, line,
           file.substr(1) +
               " in a core: a core includes only the standard library, "
               "Boost.Sort, Boost.Unordered, libfmt, the pure headers of common/ and its "
               "own headers. Do it in the runtime, and pass the core an event"});
    }
    const bool is_pure_common = source.is_in("common/") && !is_impure_common(source.path);
    if (is_pure_common && (is_impure_common(file.substr(1)) || file.starts_with("<boost/asio"))) {
      findings.push_back({source.path, line,
                          file.substr(1) + " in a pure file of common/: move what needs it to "
                                           "common/net/, common/os/ or a program"});
    }
  });
  return findings;
}

Findings check_view_includes(const Sources& sources) {
  Findings findings;
  for_each_include(sources, [&](const Source& source, std::size_t line, const std::string& file) {
    if (source.is_in("coordinator/view/") && !view_may_include(file)) {
      findings.push_back({source.path, line,
                          file.substr(1) +
                              " in the view: it turns records and results into text and rows, "
                              "without I/O. Read and write in coordinator/output/"});
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
    if (is_protobuf && !source.is_in("common/wire/")) {
      findings.push_back({source.path, line,
                          "Protocol Buffers outside common/wire.*: use the values of "
                          "common/messages/message.h and WireCodec"});
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
    std::string_view directory;
    std::string_view other;
  };
  constexpr std::array kBans = {Ban{"coordinator/", "\"worker/"}, Ban{"worker/", "\"coordinator/"},
                                Ban{"common/", "\"worker/"}, Ban{"common/", "\"coordinator/"}};
  Findings findings;
  for_each_include(sources, [&](const Source& source, std::size_t line, const std::string& file) {
    for (const Ban& ban : kBans) {
      if (source.is_in(ban.directory) && file.starts_with(ban.other)) {
        findings.push_back({source.path, line,
                            std::string(ban.directory) + " includes " + file.substr(1) +
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
                          file.substr(1) + " is not in the tree: write the path from the root "
                                           "of the repository, and <> for a library"});
    }
  });
  return findings;
}

Findings check_layers(const Sources& sources) {
  Findings findings;
  for (const Source& source : sources) {
    if (source.is_product() && source.is_cpp() && layer_of(source.path) == kLayers.size()) {
      findings.push_back({source.path, 1,
                          "its directory is not a layer: add it to kLayers in "
                          "tests/lint/rules_layers.cc, or move the file"});
    }
  }
  for_each_include(sources, [&](const Source& source, std::size_t line, const std::string& file) {
    if (!source.is_product() || file.starts_with('<') || file.ends_with(kGenerated)) {
      return;
    }
    if (layer_of(file.substr(1)) > layer_of(source.path)) {
      findings.push_back({source.path, line,
                          std::string(directory_of(source.path)) + " includes " + file.substr(1) +
                              " of a higher layer: move what both need to a lower one"});
    }
  });
  return findings;
}

Findings check_include_cycles(const Sources& sources) {
  std::map<std::string, std::vector<std::string>, std::less<>> includes;
  for_each_include(sources, [&](const Source& source, std::size_t, const std::string& file) {
    if (file.starts_with('"')) {
      includes[source.path].push_back(file.substr(1));
    }
  });
  // A file that can never be peeled off as a leaf is on a cycle, or includes one.
  for (bool removed = true; removed;) {
    removed = std::erase_if(includes, [&](const auto& entry) {
                return std::ranges::none_of(
                    entry.second, [&](const std::string& file) { return includes.contains(file); });
              }) > 0;
  }
  Findings findings;
  for (const auto& [path, included] : includes) {
    findings.push_back({path, 1, "is on an include cycle, or includes a file that is"});
  }
  return findings;
}

}  // namespace rollcall::lint
