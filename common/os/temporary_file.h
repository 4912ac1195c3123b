// Temporary files without a name.
#pragma once

#include <string>

#include "common/os/descriptor.h"

namespace rollcall::os {

/// The directory for temporary files: TMPDIR, or /tmp if TMPDIR is not set or empty.
std::string temporary_directory();

/// Creates a file in `directory` for reading and writing. It has no name, so it vanishes when its
/// descriptor is closed, also by the death of the process. Returns no descriptor and sets errno if
/// the file cannot be created.
[[nodiscard]] Descriptor temporary_file(const std::string& directory);

}  // namespace rollcall::os
