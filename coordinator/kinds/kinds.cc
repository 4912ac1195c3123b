#include "coordinator/kinds/kinds.h"

#include <algorithm>
#include <array>

namespace rollcall::coordinator {

// Each kind defines its entry, sleep_kind, exec_kind ..., in a source of its own.
#define ROLLCALL_KIND(name) extern const Kind name##_kind;
ROLLCALL_TASK_KINDS(ROLLCALL_KIND)
#undef ROLLCALL_KIND

namespace {

const std::array kKinds = {
#define ROLLCALL_KIND(name) &name##_kind,
    ROLLCALL_TASK_KINDS(ROLLCALL_KIND)
#undef ROLLCALL_KIND
};

}  // namespace

const Kind& kind_of(KindId id) {
  return *kKinds.at(static_cast<std::size_t>(id));
}

std::vector<const Kind*> kinds_by_name() {
  std::vector<const Kind*> kinds(kKinds.begin(), kKinds.end());
  std::sort(kinds.begin(), kinds.end(),
            [](const Kind* a, const Kind* b) { return to_string(a->id) < to_string(b->id); });
  return kinds;
}

}  // namespace rollcall::coordinator
