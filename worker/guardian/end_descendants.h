// Kills all descendants of a process: the last step of a guardian.
#pragma once

namespace rollcall::worker {

/// Sends SIGKILL to every descendant of this process, in whatever session or group, and returns
/// when all have ended. Descendants that it may not signal (set-uid programs) are left. Requires
/// that this process is a subreaper with a single thread. Allocates nothing.
void end_descendants();

}  // namespace rollcall::worker
