// A job: tasks of one kind on the same terms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/model/ids.h"
#include "common/model/kind_id.h"
#include "common/model/time.h"

namespace rollcall {

/// The terms on which a worker runs the attempts of a job, as a plain value.
struct Job {
  JobId number = kFirstJob;
  KindId kind = KindId::sleep;  ///< a later version may have kinds that this one does not know
  bool needs_slot = false;      ///< an attempt takes one of the session's slots
  Duration kill_after{};        ///< exec: from SIGTERM to SIGKILL
  /// exec: bytes stored of each stream; nullopt: as many as a message can have.
  std::optional<std::uint64_t> max_output{};
  std::string cwd{};               ///< exec: of commands without their own
  std::string input{};             ///< exec: of commands without their own
  std::vector<std::string> env{};  ///< exec: before the variables of each command
  std::uint32_t nice = 0;          ///< exec: the least niceness of commands, up to limits::nicest
  /// exec: bytes of memory for each command and its descendants; 0: no limit.
  std::uint64_t max_memory = 0;

  friend bool operator==(const Job&, const Job&) = default;
};

}  // namespace rollcall
