// How work comes back from a worker before it has begun: Revoke takes some, Drain takes all.
#pragma once

#include <cstdint>
#include <string_view>

namespace rollcall {

/// What a worker that leaves does with the attempts that run. What has not begun goes back.
enum class DrainMode : std::uint8_t {
  finish,          ///< they are finished and reported
  return_running,  ///< they are stopped and returned: "return"
};

/// As on the command line: "finish", "return".
constexpr std::string_view to_string(DrainMode mode) {
  return mode == DrainMode::finish ? "finish" : "return";
}

/// "Take nothing new, return what has not begun, and leave." A level: said again until it is so.
struct Drain {
  DrainMode mode = DrainMode::finish;
};

/// "Of the assignments up to this one, return what has not begun, but for the first `keep`
/// attempts that you were ever assigned." Places never change, so it may come twice, late or never.
struct Revoke {
  std::uint64_t assignments_through = 0;  ///< from 1
  std::uint64_t keep = 0;
};

}  // namespace rollcall
