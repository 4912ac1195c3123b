// What is known of the output of each attempt, and what its worker is to be answered.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "common/model/ids.h"
#include "coordinator/core/output/output_rows.h"

namespace rollcall::coordinator {

/// What became of the rows of one Output message.
struct ReceivedOutput {
  std::vector<bool> is_taken;  ///< by row; a row is taken as a whole, or dropped
  std::uint64_t cost = 0;      ///< of the rows taken: their bytes, and limits::output_row_cost each
};

/// The answers of one OutputAck.
struct OutputAnswers {
  SessionIndex session{};
  std::vector<OutputAnswer> rows;
  std::uint64_t cost = 0;  ///< of the rows that the worker now learns to be taken
};

/// One stream of an outcome, as its worker reports it. Bytes.
struct ReportedStream {
  std::uint64_t bytes = 0;  ///< with the tail
  std::uint64_t tail = 0;   ///< in the Report
};

/// Whether an outcome may be accepted, as far as its output goes.
enum class OutputVerdict : std::uint8_t {
  complete,       ///< all bytes before the tail are durable
  not_durable,    ///< they were taken, but are not durable yet; an honest worker would have waited
  not_wanted,     ///< bytes were dropped or lost: the outcome does not count
  contradiction,  ///< the reported counts cannot be true
};

/// One stream of an attempt from an earlier epoch. Bytes.
struct ResumedStream {
  std::uint64_t output_from = 0;  ///< durable, as far as the worker knows
  std::uint64_t spooled = 0;      ///< in the spool, from the first byte
  std::uint64_t printed = 0;      ///< as committed: they cannot be taken back
};

/// Decides which bytes are taken, knows which are durable, and collects answers. It has an entry
/// for each attempt of which a byte was taken or refused, until forget(). The owner gives bytes
/// taken to the spool, and reports with made_durable() how far these have come. Pure; one owner,
/// one thread. Attempts have their numbers on the wire.
class OutputLedger {
 public:
  /// Whether the session holds the attempt.
  using IsHeld = std::function<bool(TaskId task, Attempt attempt)>;

  /// `taken_is_durable`: the run has no journal, so that no byte outlives the coordinator.
  explicit OutputLedger(bool taken_is_durable) : taken_is_durable_(taken_is_durable) {}

  /// The next session, by index. No bytes are taken of one that is not live.
  void add_session(bool is_live = true);
  /// Nothing more is taken of it. Its attempts stay: a late outcome counts if its bytes are
  /// durable.
  void session_ended(SessionIndex session);

  /// A row is taken if the session is live and holds the attempt, the bytes are wanted, and they
  /// begin where those taken so far end. Every row is answered. `is_held` is asked about attempts
  /// without an entry only, so attempts taken from the session must be discarded.
  ReceivedOutput receive(SessionIndex session, std::span<const OutputRow> rows,
                         const IsHeld& is_held);
  /// The first `bytes` of the stream are durable. Ignored if they are not wanted any more.
  void made_durable(SessionIndex session, TaskId task, Attempt attempt, OutputStream stream,
                    std::uint64_t bytes);
  /// The outcome of the attempt will not count. The worker is notified, also if it has sent
  /// nothing.
  void discard(SessionIndex session, TaskId task, Attempt attempt);
  /// The attempt is over: its outcome was accepted, or will never come.
  void forget(SessionIndex session, TaskId task, Attempt attempt);

  /// The session of an earlier epoch has listed this stream. Returns where the spool is to be cut,
  /// and from where the worker sends again; nullopt if bytes are lost, and then the whole attempt
  /// is discarded. A stream that this epoch knows stays as it is.
  std::optional<std::uint64_t> resume(SessionIndex session, TaskId task, Attempt attempt,
                                      OutputStream stream, const ResumedStream& resumed);

  /// Whether an outcome with these streams may be accepted.
  OutputVerdict verdict(SessionIndex session, TaskId task, Attempt attempt,
                        const ReportedStream& out, const ReportedStream& err) const;

  /// Bytes taken of a stream, wanted or not.
  std::uint64_t taken(SessionIndex session, TaskId task, Attempt attempt,
                      OutputStream stream) const;
  /// Attempts with an entry.
  std::size_t size() const;
  /// Some attempt of the session has one.
  bool knows(SessionIndex session) const { return !sessions_[index(session)].entries.empty(); }

  /// The next answers, at most limits::output_rows of one session, which sessions get in turn.
  /// A stream is answered once for all its changes since the last answer. nullopt: none is due.
  std::optional<OutputAnswers> take_answers();

  void check_invariants() const;

 private:
  struct Stream {
    std::uint64_t taken = 0;
    std::uint64_t durable = 0;
    std::uint64_t unanswered = 0;  ///< cost of the rows taken since the last answer
    bool is_due = false;           ///< in Session::due
  };
  struct Entry {
    std::array<Stream, kOutputStreams.size()> streams;
    bool is_discarded = false;
    bool is_brief = false;  ///< of an attempt that the session does not hold: goes when answered
  };
  using Key = std::pair<TaskId, Attempt>;
  struct Due {
    Key key;
    OutputStream stream;
  };
  struct Session {
    std::map<Key, Entry> entries;
    std::deque<Due> due;         ///< some of them may be forgotten
    std::uint64_t released = 0;  ///< cost of rows that were forgotten and not answered
    bool is_live = true;
    bool is_due = false;  ///< in due_
  };

  bool take(SessionIndex session, const OutputRow& row, const IsHeld& is_held);
  Entry& discarded(Session& session, const Key& key);
  void answer(SessionIndex session, const Key& key, OutputStream stream);
  void answer_both(SessionIndex session, const Key& key);
  static void answer_next(Session& session, OutputAnswers& answers);

  bool taken_is_durable_;
  std::vector<Session> sessions_;
  std::deque<SessionIndex> due_;
};

}  // namespace rollcall::coordinator
