// Which output may be sent now, which is sent again, and which is not needed any more.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "common/messages/message.h"
#include "common/model/output_stream.h"
#include "common/model/time.h"
#include "worker/core/event.h"

namespace rollcall::worker {

/// Of each stream of an attempt of which a byte was ever sent: how much is durable, as far as the
/// worker knows, or kNotWanted. nullopt: none was sent.
using DurableOutput = std::map<std::pair<TaskId, Attempt>,
                               std::array<std::optional<std::uint64_t>, kOutputStreams.size()>>;

/// The rows of an Inventory for the attempts that it lists.
ListedOutput list_output(const DurableOutput& output, const HeldColumns& attempts);

/// Counts the bytes of each stream: read, sent, taken by the coordinator, and durable. The bytes
/// themselves are elsewhere. Output is sent in rows, as far as the window allows: of an attempt
/// that has more than its outcome can carry, or whose output has waited for limits::output_wait. A
/// row that was sent once may be sent again whatever the window is.
///
/// An attempt has an entry from its first read() to its end(). Pure; one owner, one thread; `now`
/// never goes back.
class OutputSender {
 public:
  /// The coordinator takes output in chunks, or does not. Without it nothing else has an effect.
  void enable(bool is_enabled) { is_enabled_ = is_enabled; }
  bool is_enabled() const { return is_enabled_; }
  /// A new coordinator has only what is durable, and counts windows from 0.
  void start_epoch();
  /// Ignored if a newer one is known.
  void set_window(const OutputWindow& window);
  /// The number of the newest window known; 0: none.
  std::uint64_t window_received() const { return window_.number; }

  void read(Instant now, const std::vector<OutputProgress>& progress);
  /// An Ack or OutputAck has arrived: the coordinator listens.
  void heard(Instant now);
  /// Appends a ForgetOutput, if there is something to forget. Ignores streams that it does not
  /// know.
  void acknowledge(Instant now, const OutputAck& ack, Actions& out);
  /// These attempts have outcomes.
  void end(const OutcomeColumns& outcomes);
  /// Forgets all attempts.
  void drop();

  /// Appends a SendOutput for each message of rows that may be sent now for the first time.
  void send(Instant now, const Header& header, Actions& out);
  /// The same for all rows that are not taken, and one byte of each stream of which all are taken
  /// and some are not durable.
  void resend(Instant now, const Header& header, Actions& out);
  /// The same for what is due: output that has waited, and streams whose sent rows were not taken,
  /// or not made durable, for `resend_after`, if the coordinator was heard since.
  void send_due(Instant now, Duration resend_after, const Header& header, Actions& out);
  /// When that is, at the earliest; kNever: not at all.
  Instant due(Duration resend_after) const;
  /// Appends ReleaseOutcomes for the attempts that have ended and need to send nothing more.
  void release(Actions& out);

  /// Adds the streams of all attempts.
  void list(DurableOutput& out) const;
  std::uint64_t in_flight() const { return in_flight_; }
  void check_invariants() const;

 private:
  /// Bytes, from the first one: durable <= taken <= sent <= read.
  struct Stream {
    std::uint64_t read = 0;
    std::uint64_t sent = 0;
    std::uint64_t taken = 0;
    std::uint64_t durable = 0;
    std::deque<std::uint64_t> row_ends;  ///< of the rows that are not taken
    Instant since;                       ///< when a row was last sent again, taken, or made durable
    bool is_wanted = true;

    std::uint64_t unsent() const { return is_wanted ? read - sent : 0; }
    /// Not all that was sent is durable.
    bool is_awaited() const { return is_wanted && durable < sent; }
  };
  struct Entry {
    std::array<Stream, kOutputStreams.size()> streams;
    Instant waits_since = kNever;  ///< its unsent bytes
    bool has_ended = false;
    bool is_released = false;
    bool is_queued = false;  ///< in ready_

    std::uint64_t unsent() const { return streams[0].unsent() + streams[1].unsent(); }
  };
  using Key = std::pair<TaskId, Attempt>;
  class Messages;

  static bool must_send(Instant now, const Entry& entry);
  static bool is_complete(const Entry& entry);
  void note_progress(Instant now, const Key& key, Entry& entry);
  void wait(Instant now, const Key& key, Entry& entry);
  void queue(const Key& key, Entry& entry);
  std::uint64_t room() const;
  bool send_rows(Instant now, const Key& key, Entry& entry, Messages& messages);
  static void send_again(Instant now, const Key& key, Entry& entry, Messages& messages);
  void take(Instant now, Stream& stream, std::uint64_t taken);
  void discard(Stream& stream);
  void find_resend_time();

  bool is_enabled_ = false;
  OutputWindow window_;
  std::map<Key, Entry> entries_;
  std::deque<Key> ready_;                        ///< entries with output to be sent, in turn
  std::deque<std::pair<Instant, Key>> waiting_;  ///< when output has waited long enough, in order
  std::vector<Key> complete_;                    ///< to be released
  std::uint64_t in_flight_ = 0;                  ///< cost of the rows that are not taken
  std::uint64_t undurable_ = 0;                  ///< bytes sent and not durable, of wanted streams
  Instant heard_;                                ///< the last Ack or OutputAck
  Instant oldest_ = kNever;  ///< a lower bound of Stream::since of streams that are awaited
};

}  // namespace rollcall::worker
