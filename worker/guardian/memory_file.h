// A file that exists only in memory, to pass bytes to another process.
#pragma once

#include <string_view>

#include "common/os/descriptor.h"

namespace rollcall::worker {

/// Makes an anonymous file with these bytes, positioned at its start. Unlike a pipe it needs no
/// writer while the other process reads. `name` is for /proc. Returns no descriptor on failure;
/// errno has the reason.
os::Descriptor memory_file(const char* name, std::string_view bytes);

}  // namespace rollcall::worker
