// What happens to the scheduler, and what it wants done: its one door.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/base/result.h"
#include "common/messages/message.h"
#include "common/model/ids.h"
#include "coordinator/core/commits/commit.h"

namespace rollcall::coordinator {

// Events: facts, in the past tense.

/// The coordinator listens; workers may come.
struct ListeningStarted {};
struct MessageReceived {
  ConnectionId from{};
  WorkerMessage message;
};
/// Bytes came that are no message. The header is filled in if it could be read.
struct MalformedReceived {
  ConnectionId from{};
  Header header;
  RejectReason reason = RejectReason::bad_message;
  std::string text;
};
/// What was waiting has been received, or as much of it as one turn takes, or a deadline has
/// passed. Only now is anything dispatched or acknowledged, and only if the inbox is empty anybody
/// lost.
struct TurnEnded {
  bool inbox_empty = true;
};
/// A local worker process has ended, however, or could not be started.
struct LocalWorkerExited {
  std::uint32_t launch_id = 0;
  std::string how;      ///< "exit status 1", "killed by signal 9"; or why it could not
  bool started = true;  ///< there was a process
};
/// A worker that another epoch has started is surely not there any more: its process is gone. Told
/// for each session that it has had.
struct WorkerVanished {
  SessionIndex session{};
};
/// Commits up to this number have reached the disk. Told only where there is a journal.
struct Committed {
  std::uint64_t commit = 0;
};
/// The user asked that these sessions leave: local ones are not started again.
struct DrainRequested {
  std::vector<SessionIndex> sessions;
  DrainMode mode = DrainMode::finish;
};
/// The user asked to stop. Without a journal: start nothing new, let what runs end or cancel it,
/// then end. With one: leave everything as it is, to be resumed.
struct StopRequested {
  bool let_running_end = false;
};

using Event =
    std::variant<ListeningStarted, MessageReceived, MalformedReceived, TurnEnded, LocalWorkerExited,
                 WorkerVanished, Committed, DrainRequested, StopRequested>;

// Actions: imperatives, to be carried out in their order.

struct Send {
  ConnectionId to{};
  CoordinatorMessage message;
};
/// Start a local worker process and hand it this launch id.
struct StartLocalWorker {
  std::uint32_t launch_id = 0;
};
/// Write this commit to the journal, and report Committed once it is durable. Numbers begin at 1
/// and have no gaps. Only with a journal. The receiver owns the commit and may complete it: lower
/// `counters.published` to the records that were printed, and add `commands`.
struct WriteCommit {
  std::uint64_t number = 0;
  std::shared_ptr<Commit> commit;
};
/// For the output: these attempts have begun, in the order of their starts. A task comes
/// again with each of its attempts.
struct PublishStarted {
  SessionIndex session{};
  std::uint64_t count = 0;
  std::vector<TaskId> tasks;  ///< empty if nobody wants them: Policy::name_starts
};
/// For the output: records [first, first + count) of RunRecords were accepted, and are committed.
struct PublishOutcomes {
  std::size_t first = 0;
  std::size_t count = 0;
};
struct PublishJoined {
  SessionIndex session{};
};
/// SessionRecord says how it ended. `returned`: tasks that are pending again because of it.
struct PublishLeft {
  SessionIndex session{};
  std::uint64_t returned = 0;
};
/// One line for the log.
enum class LogLevel : std::uint8_t { debug, info, warning };
struct Log {
  LogLevel level = LogLevel::info;
  std::string text;
};
/// Every task is done; workers are being told. Time is no longer measured.
struct FinishRun {};
/// Goodbyes are in, or were waited for long enough: nothing more will come of this scheduler.
struct End {};

using Action = std::variant<Send, StartLocalWorker, WriteCommit, PublishStarted, PublishOutcomes,
                            PublishJoined, PublishLeft, Log, FinishRun, End>;
using Actions = std::vector<Action>;

}  // namespace rollcall::coordinator
