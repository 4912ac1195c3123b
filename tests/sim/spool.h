// The coordinator's spool of output and its printer, in virtual time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "coordinator/core/output/output_rows.h"
#include "tests/sim/dice.h"
#include "tests/sim/world.h"

namespace rollcall::sim {

/// Keeps the output of attempts: counts, and no bytes. A slow reader takes the output of one
/// attempt after another: of those that have ended, or of one that is printed early. Requires that
/// it is told to do only what makes sense. One thread.
class Spool {
 public:
  using Holder = coordinator::SessionAttempt;

  /// `printed` is called when there is more room.
  Spool(World& world, std::function<void()> printed)
      : world_(world), printed_(std::move(printed)), dice_(mix64(world.plan.seed) + 4) {}
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

  /// Bytes [offset, offset + size) of a stream.
  void take(const Holder& holder, OutputStream stream, std::uint64_t offset, std::uint64_t size);
  void drop(const Holder& holder);
  void print_early(const Holder& holder);
  /// Its outcome was accepted.
  void ended(const Holder& holder);
  /// All tasks before this one have ended: in order, their output can be printed.
  void all_ended_before(std::uint32_t task);
  /// The run has ended: what is kept is printed without a further sign.
  void check_end() const;

 private:
  struct Entry {
    StreamBytes bytes{};
    std::uint64_t printed = 0;
    bool has_ended = false;

    std::uint64_t left() const { return bytes[0] + bytes[1] - printed; }
  };

  std::optional<Holder> next_to_print() const;
  void print_on();
  void finish_part(const Holder& holder, std::uint64_t bytes);

  World& world_;
  std::function<void()> printed_;
  Dice dice_;
  std::map<Holder, Entry> entries_;
  std::uint64_t used_ = 0;  ///< bytes of all entries that are not printed
  std::optional<Holder> early_;
  std::optional<Holder> printing_;
  std::set<Holder> seen_;
  std::uint32_t all_ended_before_ = 0;
};

}  // namespace rollcall::sim
