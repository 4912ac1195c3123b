// Which kind of task a run has.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/check.h"

/// The kinds of task, in the order of their numbers in proto/wire.proto. The name of a kind is that
/// of its command. Each program defines one object a kind, which its table of kinds lists.
#define ROLLCALL_TASK_KINDS(KIND) \
  KIND(sleep)                     \
  KIND(exec)

namespace rollcall {

/// Names a kind of task where a message or a journal does. A run has tasks of one kind.
enum class KindId : std::uint8_t {
#define ROLLCALL_KIND(name) name,
  ROLLCALL_TASK_KINDS(ROLLCALL_KIND)
#undef ROLLCALL_KIND
};

inline constexpr std::array kKindNames = {
#define ROLLCALL_KIND(name) std::string_view(#name),
    ROLLCALL_TASK_KINDS(ROLLCALL_KIND)
#undef ROLLCALL_KIND
};

/// "sleep", "exec" ...
inline std::string_view to_string(KindId kind) {
  const auto i = static_cast<std::size_t>(kind);
  CHECK(i < kKindNames.size());
  return kKindNames[i];
}

inline std::optional<KindId> kind_named(std::string_view name) {
  for (std::size_t i = 0; i < kKindNames.size(); ++i) {
    if (kKindNames[i] == name) return static_cast<KindId>(i);
  }
  return std::nullopt;
}

}  // namespace rollcall
