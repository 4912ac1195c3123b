#include "coordinator/kinds/task_kind.h"

#include <unistd.h>

namespace rollcall::coordinator {

Result<void> TaskKind::restore(Journal&, const RunRecords&, std::uint64_t) {
  return {};
}

Result<void> TaskKind::replay(Journal&, const RunRecords&, bool) {
  return {};
}

std::unique_ptr<Output> TaskKind::make_output(const RunRecords& records) const {
  switch (options().output) {
    case OutputFormat::json:
      return make_json_output(records, STDOUT_FILENO, display());
    case OutputFormat::jsonl:
      return make_jsonl_output(records, STDOUT_FILENO, display());
    case OutputFormat::text:
      break;
  }
  return make_text_output(records);
}

}  // namespace rollcall::coordinator
