// A command that prints, and what its worker has read of it, in virtual time.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "common/limits.h"
#include "common/model/output_stream.h"
#include "common/model/time.h"
#include "tests/sim/plan_output.h"
#include "tests/sim/truth.h"
#include "worker/core/event.h"

namespace rollcall::sim {

/// The pipes of one command and their reader: counts, and no bytes. A pipe holds 64 KiB. It is read
/// while little was read and not sent, so the command may block. Instants are on the worker's
/// clock. A value.
class Pipes {
 public:
  /// `length`: how long the command runs if it is never blocked.
  Pipes(Instant started, Duration length, std::vector<Write> writes);

  /// The command runs, and is read, until this instant. Returns whether something was read.
  bool run(Instant until);
  /// The command has ended: reads what is in the pipes.
  void drain();
  /// When the command ends; kNever: it has more to write.
  Instant ends() const { return next_ == writes_.size() ? due_ : kNever; }
  /// When there is something to do, maybe in the past; kNever: not before something is sent.
  Instant next_event() const;

  /// Returns false if it does not have these bytes.
  bool send(const worker::OutputPart& part);
  void forget(const worker::ForgottenOutput& forgotten);

  /// Some of it was sent, or is not wanted.
  bool has_begun() const;
  /// Its outcome must wait for output.
  bool must_be_sent() const;
  /// Drops what was not sent if it is more than a tail: the command was cancelled.
  StreamBytes drop_unsent();
  /// Bytes that were sent, or kNotWanted.
  StreamBytes before() const;
  StreamBytes unsent() const;
  StreamBytes written() const;
  StreamBytes read() const;

 private:
  struct Stream {
    std::uint64_t written = 0;
    std::uint64_t read = 0;
    std::uint64_t sent = 0;
    std::uint64_t forgotten = 0;
    bool is_wanted = true;

    std::uint64_t in_pipe() const { return written - read; }
    std::uint64_t unsent() const { return is_wanted ? read - sent : 0; }
    bool can_read() const { return in_pipe() > 0 && unsent() < limits::output_read_ahead; }
  };

  void write(Instant until);
  std::uint64_t all_unsent() const { return streams_[0].unsent() + streams_[1].unsent(); }
  StreamBytes of_each(std::uint64_t (*what)(const Stream&)) const;

  std::vector<Write> writes_;
  std::size_t next_ = 0;
  Instant due_;           ///< of the next write, or of the end
  Duration rest_;         ///< after the last write
  Instant watched_from_;  ///< a short command is read at its end only
  bool is_blocked_ = false;
  std::array<Stream, kOutputStreams.size()> streams_;
};

}  // namespace rollcall::sim
