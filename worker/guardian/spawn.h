// Starts one process quickly. Part of the guardian: allocates nothing.
#pragma once

#include <sys/types.h>

namespace rollcall::worker {

/// What to start. Everything is borrowed for the time of the call.
struct SpawnPlan {
  char** args = nullptr;  ///< ends with a null; args[-1] is there to be overwritten
  char** variables = nullptr;
  const char* cwd = nullptr;  ///< empty: the caller's
  int output = -1;
  int error_output = -1;
  int input = -1;  ///< -1: the caller's
};

struct SpawnResult {
  pid_t pid = -1;       ///< -1: not started
  int error = 0;        ///< errno, if it was not
  bool in_cwd = false;  ///< that was about the working directory
};

/// Starts a process in a process group of its own, with no signal blocked, that is killed when the
/// caller dies. Returns once the new program is running, or has failed to.
///
/// Like posix_spawn, the child borrows the caller's memory until then, so the size of the caller
/// does not matter. Unlike it, no time goes into resetting signals: requires that the caller is
/// single, blocks every signal and handles none.
SpawnResult spawn_process(const SpawnPlan& plan);

}  // namespace rollcall::worker
