#include "coordinator/core/tasks/cancel_requests.h"

namespace rollcall::coordinator {

void CancelRequests::add(const std::vector<TaskId>& tasks) {
  tasks_.insert(tasks_.end(), tasks.begin(), tasks.end());
}

std::map<SessionIndex, HeldColumns> CancelRequests::open(const TaskTable& tasks) {
  std::map<SessionIndex, HeldColumns> open;
  std::erase_if(tasks_, [&](TaskId task) {
    const auto holder = tasks.holder(task);
    if (!holder) return true;
    HeldColumns& attempts = open[holder->session];
    attempts.task.push_back(task);
    attempts.attempt.push_back(holder->attempt);
    return false;
  });
  return open;
}

}  // namespace rollcall::coordinator
