// Makes sure that the descriptors 0, 1 and 2 are open.
#pragma once

namespace rollcall::os {

/// Opens each closed descriptor of 0, 1 and 2 so that it can be neither read nor written as
/// intended (EBADF, as before). Otherwise the next opened file could become standard output and
/// receive the printed text. Call it first in main().
void fill_standard_streams();

}  // namespace rollcall::os
