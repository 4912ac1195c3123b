// Which kind of task a run has.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/check.h"

/// The kinds of task, in the order of their numbers in proto/wire.proto. The name of a kind is also
/// that of its command. A kind has a line here, a number in proto/wire.proto, a source in
/// coordinator/kinds/ and one in worker/executors/; the tables of both programs are made from this
/// list.
#define ROLLCALL_TASK_KINDS(KIND) \
  KIND(sleep)                     \
  KIND(exec)                      \
  KIND(noop)                      \
  /* The end of the list. */

namespace rollcall {

/// Identifies a kind of task in messages and journals. All tasks of a job are of one kind. Only the
/// tables of kinds should look at it: tests/lint names the files that may.
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

/// Some of the kinds that this program knows, by their place in the list.
using KindSet = std::bitset<kKindNames.size()>;

/// All of them.
inline KindSet all_kinds() {
  return ~KindSet();
}

/// Requires a kind that this program knows.
inline KindSet set_of(KindId kind) {
  return KindSet().set(static_cast<std::size_t>(kind));
}

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
