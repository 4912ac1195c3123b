// What a resumed run must learn from the workers of earlier epochs before it dispatches (rule 7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "common/messages/message.h"
#include "common/model/ids.h"

namespace rollcall::coordinator {

/// A stream of a listed attempt of which a byte was ever sent.
struct ListedStream {
  TaskId task{};
  Attempt attempt = 0;
  OutputStream stream = OutputStream::out;
  std::uint64_t durable = 0;  ///< bytes, as far as the worker knows; or kNotWanted
};

/// The attempts that a session of an earlier epoch has listed.
struct ListedAttempts {
  HeldColumns held;
  std::vector<ListedStream> output;
};

/// Collects the inventories of restored sessions, which arrive in parts, and remembers which of
/// these sessions are local workers that are no children of this process.
/// Pure; one owner, one thread.
class Recovery {
 public:
  /// `task_count`: of the run; bounds the length of an inventory.
  explicit Recovery(std::uint32_t task_count) : task_count_(task_count) {}

  /// The next session. The inventory of a live one of an earlier epoch is awaited.
  void add_session(bool is_awaited);
  /// The session may hold attempts that are not known. True until its inventory is complete, even
  /// if the session has ended.
  bool awaits(SessionIndex session) const;
  /// Nothing more will come from this session.
  void session_ended(SessionIndex session);
  /// No inventory of a live session is awaited.
  bool is_complete() const { return awaited_ == 0; }

  /// Takes one part. Parts follow each other; of two lists the later one counts. Returns true if
  /// the list is complete: take it with take_list().
  bool collect(SessionIndex session, const Inventory& part);
  /// The complete list, whose last part was `last`; nullopt if it contradicts itself. The session's
  /// inventory is not awaited any more.
  std::optional<ListedAttempts> take_list(SessionIndex session, const Inventory& last);

  /// The session is one of the local workers, though no child of this process.
  void adopt_local(SessionIndex session) { sessions_[index(session)].is_local = true; }
  /// Returns true once for such a session: another local worker is to take its place.
  bool take_local(SessionIndex session);

  /// The process of this session of an earlier epoch has ended.
  void add_vanished(SessionIndex session) { vanished_.push_back(session); }
  std::vector<SessionIndex> take_vanished() { return std::exchange(vanished_, {}); }

  void check_invariants() const;

 private:
  struct Restored {
    bool is_awaited = false;  ///< its inventory is not complete
    bool is_live = false;
    bool is_local = false;
    std::uint32_t list = 0;       ///< which of its inventories is being collected
    std::uint32_t next_part = 0;  ///< the part that is to come
    HeldColumns held;
    std::vector<ListedStream> output;
  };
  std::size_t most_listed() const;

  std::uint32_t task_count_;
  std::vector<Restored> sessions_;
  std::size_t awaited_ = 0;  ///< live sessions whose inventory is awaited
  std::vector<SessionIndex> vanished_;
};

}  // namespace rollcall::coordinator
