// The last thing that a guardian does.
#pragma once

namespace rollcall::worker {

/// Ends every descendant of this process by SIGKILL, however well it hides, and returns when they
/// are gone. Requires that this process is a single subreaper. What it may not signal (set-uid
/// programs), it leaves. Allocates nothing.
void end_descendants();

}  // namespace rollcall::worker
