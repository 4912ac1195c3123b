// The one document about a run (docs/reference/json.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "coordinator/core/analysis/summary.h"
#include "coordinator/core/model/records.h"
#include "coordinator/view/display.h"

namespace rollcall::coordinator {

/// Returns the document: all members in their documented order.
nlohmann::ordered_json run_document(const RunRecords& records, const Summary& summary,
                                    const KindDisplay& display);

/// Returns JSON as text; on one line if `indent` is -1. Bytes that are not UTF-8 are replaced.
std::string dump(const nlohmann::ordered_json& json, int indent = -1);

}  // namespace rollcall::coordinator
