// Starts one process quickly. Part of the guardian, so it allocates nothing.
#pragma once

#include <sys/types.h>

namespace rollcall::worker {

/// The program to start. All pointers are borrowed for the call.
struct SpawnPlan {
  char** args = nullptr;  ///< null-terminated; args[-1] may be overwritten
  char** variables = nullptr;
  const char* cwd = nullptr;  ///< empty: that of the caller
  int output = -1;
  int error_output = -1;
  int input = -1;  ///< -1: that of the caller
  int group = -1;  ///< the list of processes of its control group; -1: that of the caller
  int nice = 0;    ///< its least niceness; one that is nicer already stays so
};

struct SpawnResult {
  pid_t pid = -1;       ///< -1: not started
  int error = 0;        ///< errno, if it has not started
  bool in_cwd = false;  ///< the error concerns the working directory
};

/// Starts a process in a process group of its own, with no signal blocked. It is killed when the
/// caller ends. Returns when the new program runs, or when it cannot.
///
/// As with posix_spawn, the child borrows the memory of the caller until then, so the size of the
/// caller does not matter. Unlike posix_spawn it spends no time on resetting signals: requires that
/// the caller has a single thread, blocks every signal and handles none.
SpawnResult spawn_process(const SpawnPlan& plan);

}  // namespace rollcall::worker
