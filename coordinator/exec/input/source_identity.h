// Recognizes the file that the input of a run was read from.
#pragma once

#include <string>

namespace rollcall::coordinator {

/// Returns a text that identifies an open regular file and its present contents: "file" with the
/// device, the inode, the size and the time of the last change of the contents. It is another text
/// after the file was changed or replaced. Empty for anything that cannot be read again from an
/// offset, such as a pipe, and if the system does not describe `fd`. Any thread.
std::string identity_of(int fd);

}  // namespace rollcall::coordinator
