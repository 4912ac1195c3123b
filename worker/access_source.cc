#include "worker/access_source.h"

#include <unistd.h>

#include <utility>

#include "common/limits.h"
#include "common/os/file_io.h"

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
  if (os::read_all(STDIN_FILENO, limits::access_bytes + 1, text) != 0) {
    return permanent("cannot read the access document from standard input");
  }
  if (text.size() > limits::access_bytes) {
    return permanent("standard input is too long for an access document");
  }
  Result<Access> access = access_from_json(text);
  if (!access) return permanent("standard input: " + access.error().message);
  from_input_ = *access;
  return access;
}

}  // namespace rollcall::worker
