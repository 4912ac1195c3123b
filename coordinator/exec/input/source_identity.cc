#include "coordinator/exec/input/source_identity.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>

namespace rollcall::coordinator {
namespace {

constexpr std::string_view kFrom = " from ";

}  // namespace

std::string identity_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return {};
  return fmt::format("file {}:{}:{}:{}.{:09}", status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

std::string source_of(int fd) {
  std::string source = identity_of(fd);
  const ::off_t begin = source.empty() ? 0 : ::lseek(fd, 0, SEEK_CUR);
  // Journals of earlier versions have no offset.
  if (begin > 0) source += fmt::format("{}{}", kFrom, begin);
  return source;
}

std::optional<std::uint64_t> begin_of(std::string_view source, std::string_view identity) {
  if (identity.empty() || !source.starts_with(identity)) return std::nullopt;
  source.remove_prefix(identity.size());
  if (source.empty()) return 0;
  if (!source.starts_with(kFrom)) return std::nullopt;
  source.remove_prefix(kFrom.size());
  std::uint64_t begin = 0;
  const auto [end, error] = std::from_chars(source.data(), source.data() + source.size(), begin);
  if (error != std::errc() || end != source.data() + source.size()) return std::nullopt;
  return begin;
}

}  // namespace rollcall::coordinator
