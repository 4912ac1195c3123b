// Recognizes the file that the input of a run was read from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall::coordinator {

/// Returns a text that identifies an open regular file and its present contents: "file" with the
/// device, the inode, the size and the time of the last change of the contents. It is another text
/// after the file was changed or replaced. Empty for anything that cannot be read again from an
/// offset, such as a pipe, and if the system does not describe `fd`. Any thread.
std::string identity_of(int fd);

/// The same with the offset from which the file is going to be read, for a journal. Empty as above.
std::string source_of(int fd);
/// Where the reading of `source`, a result of source_of(), began, if it is the file with this
/// identity; else nullopt.
std::optional<std::uint64_t> begin_of(std::string_view source, std::string_view identity);

}  // namespace rollcall::coordinator
