// The coordinator's spool of output and its printer, in virtual time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "coordinator/core/event.h"
#include "coordinator/core/model/records.h"
#include "coordinator/core/output/output_rows.h"
#include "tests/sim/dice.h"
#include "tests/sim/world.h"

namespace rollcall::sim {

/// Keeps the output of attempts: counts, and no bytes. A slow reader takes the output of one
/// attempt after another: of those that have ended, or of one that is printed early. With a journal
/// output is synced in batches, is printed once it is published, and remains until a commit states
/// that it was printed. Requires that it is told to do only what makes sense. One thread.
class Spool {
 public:
  using Holder = coordinator::SessionAttempt;
  struct Handlers {
    std::function<void()> printed;  ///< more is printed: there may be more room
    std::function<void(coordinator::OutputWritten)> written;
  };

  Spool(World& world, Handlers handlers)
      : world_(world), handlers_(std::move(handlers)), dice_(mix64(world.plan.seed) + 4) {}
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  coordinator::OutputRoom room() const;
  /// Whether something is kept of the attempt, which has not ended.
  bool keeps(const Holder& holder) const;
  /// Bytes kept, or printed early.
  StreamBytes bytes(const Holder& holder) const;
  const std::optional<Holder>& early() const { return early_; }
  /// A byte of it was printed, or is being printed, although it has not ended.
  bool is_seen(const Holder& holder) const { return seen_.contains(holder); }

  /// Bytes [offset, offset + size) of a stream. `run`: the epoch in which the command was started.
  void take(const Holder& holder, OutputStream stream, std::uint64_t offset, std::uint64_t size,
            Epoch run);
  void drop(const Holder& holder);
  void print_early(const Holder& holder);
  /// Its outcome was accepted, as this record. `run`: as with take().
  void ended(const Holder& holder, std::size_t record, Epoch run);
  /// Without a journal: all tasks before this one have ended. In order, their output can be
  /// printed.
  void all_ended_before(std::uint32_t task);
  /// The run is stuck: the user gives it more room.
  void grow() { size_ *= 4; }
  /// The run has ended, or is left unfinished: what is kept is printed without a further sign.
  void check_end() const;

  // Only with a journal.

  /// Bytes that outlive a crash.
  StreamBytes durable(const Holder& holder) const;
  /// Something is kept that will be printed, and deleted, before another task ends.
  /// `first_unended`: all tasks before it have ended.
  bool will_make_room(std::uint32_t first_unended) const;
  /// These records are published.
  void publish(const coordinator::RunRecords& records, std::size_t first, std::size_t count);
  /// How many of the first records are printed. In order, those that wait for others count, too.
  std::uint64_t printed();
  /// A durable commit states that so many of these records were printed.
  void committed(const coordinator::RunRecords& records, std::uint64_t printed);
  /// The coordinator has ended. Bytes that were not synced may be lost, and deleted files may be
  /// back.
  void crash();
  /// The next coordinator finds these records on disk, and that so many of them were printed.
  void reopen(const coordinator::RunRecords& records, std::uint64_t printed, Epoch epoch);
  std::vector<coordinator::FoundOutput> found() const;
  void cut(const coordinator::CutOutput& cut);
  void keep(const std::vector<Holder>& attempts);

 private:
  /// The output of an attempt, and the epoch in which its first byte arrived: a later one may use
  /// its number again.
  using Key = std::pair<Holder, Epoch>;
  struct Entry {
    StreamBytes bytes{};
    std::array<Epoch, kOutputStreams.size()> run{};  ///< whose bytes these are
    std::uint64_t printed = 0;
    std::optional<std::size_t> record;  ///< it has ended
    bool is_published = false;          ///< and may be printed
    StreamBytes durable{};              ///< without a journal, as much as is kept
    StreamBytes syncing{};              ///< durable soon
    StreamBytes before_cut{};           ///< what a crash may bring back

    std::uint64_t kept() const { return bytes[0] + bytes[1]; }
    std::uint64_t left() const { return durable[0] + durable[1] - printed; }
  };

  bool has_journal() const { return world_.plan.policy.journal; }
  Key key_of(const Holder& holder) const;
  const Entry* find(const Holder& holder) const;
  Entry* find(const Holder& holder);
  std::uint64_t used() const;
  bool is_in_order(const Holder& holder) const;
  std::optional<Key> next_to_print() const;
  void print_on();
  void finish_part(const Key& key, std::uint64_t bytes);
  void remove(const Key& key);
  void sync_on();
  void finish_sync();
  StreamBytes after_crash(const Entry& entry);

  World& world_;
  Handlers handlers_;
  Dice dice_;
  std::uint64_t size_ = world_.plan.output.spool;
  std::map<Key, Entry> entries_;
  std::optional<Holder> early_;
  std::optional<Key> printing_;
  std::set<Holder> seen_;
  std::uint32_t all_ended_before_ = 0;
  // With a journal.
  Epoch epoch_ = 1;
  std::map<Holder, Epoch> earlier_;  ///< attempts of earlier epochs that have not ended
  bool knows_earlier_ = true;        ///< keep() was called, or this is the first epoch
  std::set<Holder> resumed_;         ///< with cut()
  std::map<Key, Entry> deleted_;     ///< in this epoch
  std::size_t published_ = 0;        ///< records
  std::uint64_t printed_ = 0;        ///< records, when the printer was idle
  std::vector<bool> is_published_;   ///< by task
  bool is_syncing_ = false;
};

}  // namespace rollcall::sim
