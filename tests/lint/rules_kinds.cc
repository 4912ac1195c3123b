#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "tests/lint/rules.h"

namespace rollcall::lint {

namespace {

/// A name that only the files of some paths may use.
struct Seam {
  std::string_view name;
  std::string_view advice;
};

/// Files, or directories with a '/' at the end: where a kind has a number, and the tables of kinds.
constexpr std::array<std::string_view, 12> kIdPaths = {
    "common/model/kind_id.h",
    "common/model/job.h",
    "common/wire/",
    "coordinator/core/model/",
    "coordinator/journal/job.cc",
    "coordinator/journal/job.h",
    "coordinator/kinds/",
    "proto/",
    "worker/core/event.h",
    "worker/core/kind_traits.h",
    "worker/executors/executor_table.cc",
    "worker/executors/executor_table.h",
};

/// The runtime of the coordinator, which holds a TaskKind. The generated enumeration in wire/ has
/// the same name.
constexpr std::array<std::string_view, 6> kObjectPaths = {
    "common/wire/",        "coordinator/commands/", "coordinator/kinds/",
    "coordinator/main.cc", "coordinator/run/",      "proto/",
};

template <std::size_t N>
void check_seam(const Source& source, const std::array<std::string_view, N>& paths,
                const Seam& seam, Findings& findings) {
  const bool is_allowed =
      std::ranges::any_of(paths, [&](std::string_view path) { return source.is_in(path); });
  for (std::size_t i = 0; !is_allowed && i < source.code.size(); ++i) {
    if (has_word(source.code[i], seam.name)) {
      findings.push_back(
          {source.path, i + 1, std::string(seam.name) + ": " + std::string(seam.advice)});
    }
  }
}

}  // namespace

Findings check_kinds(const Sources& sources) {
  constexpr Seam kId = {"KindId",
                        "do not ask which kind of task it is: add a function to TaskKind or "
                        "Executor, or a member to KindTraits"};
  constexpr Seam kObject = {"TaskKind",
                            "only the coordinator's runtime knows kinds of task: pass the value "
                            "that is needed, or a KindDisplay"};
  Findings findings;
  for (const Source& source : sources) {
    if (!source.is_product() || !source.is_cpp()) continue;
    check_seam(source, kIdPaths, kId, findings);
    check_seam(source, kObjectPaths, kObject, findings);
  }
  return findings;
}

}  // namespace rollcall::lint
