// Messages that make a worker return attempts: Revoke some of them, Drain all.
#pragma once

#include <cstdint>
#include <string_view>

namespace rollcall {

/// What a draining worker does with its running attempts. It returns the others.
enum class DrainMode : std::uint8_t {
  finish,          ///< finishes and reports them
  return_running,  ///< stops and returns them: "return"
};

/// The name on the command line: "finish", "return".
constexpr std::string_view to_string(DrainMode mode) {
  return mode == DrainMode::finish ? "finish" : "return";
}

/// Accept no new attempts, return those that have not started, and exit. Sent again until the
/// worker reports that it drains.
struct Drain {
  DrainMode mode = DrainMode::finish;
};

/// Return the attempts of the assignments up to this one that have not started, except the first
/// `keep` attempts ever assigned to the session. Positions never change, so the message may be
/// repeated, delayed or lost.
struct Revoke {
  std::uint64_t assignments_through = 0;  ///< from 1
  std::uint64_t keep = 0;
};

}  // namespace rollcall
