// Tasks that the user has cancelled while a session held them.
#pragma once

#include <map>
#include <vector>

#include "common/messages/message.h"
#include "common/model/ids.h"
#include "coordinator/core/tasks/task_table.h"

namespace rollcall::coordinator {

/// Their sessions are asked to cancel the attempts, again and again, until the tasks have ended: a
/// message may be lost, or arrive before the attempt itself. Pure; one owner, one thread.
class CancelRequests {
 public:
  void add(const std::vector<TaskId>& tasks);
  bool empty() const { return tasks_.empty(); }
  /// The attempts that are still to be cancelled, by the session that holds them. Forgets the tasks
  /// that no session holds any more. O(tasks added and not ended).
  std::map<SessionIndex, HeldColumns> open(const TaskTable& tasks);

 private:
  std::vector<TaskId> tasks_;
};

}  // namespace rollcall::coordinator
