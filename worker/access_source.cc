#include "worker/access_source.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/limits.h"

namespace rollcall::worker {

AccessSource::AccessSource(std::string file, std::string endpoint)
    : file_(std::move(file)), endpoint_(std::move(endpoint)) {}

Result<Access> AccessSource::read() {
  Result<Access> access = file_ == "-" ? read_standard_input() : read_access_file(file_);
  if (access && !endpoint_.empty()) access->endpoint = endpoint_;
  return access;
}

Result<Access> AccessSource::read_standard_input() {
  if (from_input_) return *from_input_;
  std::string text;
  std::array<char, 4'096> buffer{};
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return permanent("cannot read the access document from standard input");
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > limits::access_bytes)
      return permanent("standard input is too long for an access document");
  }
  Result<Access> access = access_from_json(text);
  if (!access) return permanent("standard input: " + access.error().message);
  from_input_ = *access;
  return access;
}

}  // namespace rollcall::worker
