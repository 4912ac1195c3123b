// Times of the wall clock as text.
#pragma once

#include <string>

#include "common/model/time.h"

namespace rollcall::coordinator {

/// ISO 8601, in UTC: "2024-02-29T23:59:59.000001Z". `since_1970` is not negative.
std::string utc_text(Duration since_1970);

}  // namespace rollcall::coordinator
