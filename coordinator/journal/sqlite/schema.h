// The tables of a journal. docs/reference/journal.md says for people what each column means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coordinator/core/model/records.h"

namespace rollcall::coordinator {

/// In the header of the file ("RcJ1"): a database that is a journal.
inline constexpr std::int32_t kJournalApplicationId = 0x52634a31;
/// Raised with every change that an older program would read wrongly.
inline constexpr std::int32_t kJournalVersion = 1;

/// What makes an empty database a journal, its marks included.
std::string journal_schema();

/// session.state.
std::string_view to_string(SessionEnd end);

}  // namespace rollcall::coordinator
