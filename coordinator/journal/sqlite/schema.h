// The tables of a journal. docs/reference/journal.md documents the columns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coordinator/core/model/records.h"

namespace rollcall::coordinator {

/// The application id in the file header, "RcJ1": the database is a journal.
inline constexpr std::int32_t kJournalApplicationId = 0x52634a31;
/// Incremented with every change that an older program would misread.
inline constexpr std::int32_t kJournalVersion = 3;
/// Journals of this version and later are read, and become journals of this version when their run
/// is resumed.
inline constexpr std::int32_t kOldestJournalVersion = 1;

/// SQL that turns an empty database into a journal, including application id and version.
std::string journal_schema();
/// The part of it that the first journals of version 1 lack.
std::string history_schema();
/// The part of it that journals of version 1 lack.
std::string job_schema();
/// The part of it that differs in journals of version 1.
std::string run_schema();

/// The value of column session.state.
std::string_view to_string(SessionEnd end);

}  // namespace rollcall::coordinator
