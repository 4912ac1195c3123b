// Standard input, output and error, whatever a process was started with.
#pragma once

namespace rollcall::os {

/// Fills those of the descriptors 0, 1 and 2 that are closed with something that can be used for
/// nothing (EBADF, as before). Else the next file that is opened becomes standard output, and gets
/// what is printed. To be called first in main.
void fill_standard_streams();

}  // namespace rollcall::os
