#include "coordinator/run/session_lines.h"

#include "common/cli/duration_text.h"

namespace rollcall::coordinator {
namespace {

LogLine line_about(const char* message, const SessionRecord& session) {
  LogLine line(message);
  line.add("name", session.name).add("host", session.host).add("session", to_hex(session.id.bytes));
  return line;
}

}  // namespace

LogLine joined_line(const SessionRecord& session) {
  LogLine line = line_about("worker joined", session);
  line.add("worker_pid", session.pid);
  if (session.slots > 0) line.add("slots", session.slots);
  return line;
}

LogLine back_line(const SessionRecord& session, const PublishBack& back) {
  return line_about("worker is back", session).add("silent", format_brief(back.silent));
}

LogLine left_line(const SessionRecord& session, bool has_drained, std::uint64_t returned) {
  const bool is_lost = session.end == SessionEnd::lost;
  const char* const message = is_lost       ? "worker lost"
                              : has_drained ? "worker drained"
                                            : "worker left";
  LogLine line = line_about(message, session);
  if (is_lost) line.add("reason", session.end_reason);
  if (!is_lost && !has_drained) line.add("reason", "it was terminated");
  return line.add("tasks", session.tasks_done).add("returned", returned);
}

}  // namespace rollcall::coordinator
