// Messages as one short, readable line.
#pragma once

#include <string>

#include "common/messages/message.h"

namespace rollcall {

std::string describe(const WorkerMessage& message);
std::string describe(const CoordinatorMessage& message);
/// "0-2 5", in the order given.
std::string describe(const std::vector<TaskId>& tasks);
/// "1 s", "20 ms": in the largest unit that gives a whole number.
std::string describe(Duration duration);
std::string_view to_string(RejectReason reason);

}  // namespace rollcall
