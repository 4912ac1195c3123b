#include "coordinator/kinds/exec_sources.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/os/file_io.h"
#include "coordinator/journal/journal.h"
#include "coordinator/kinds/exec_input.h"

namespace rollcall::coordinator {
namespace {

std::string name_of(const InputArgument& source) {
  return source.path == "-" ? "standard input" : source.name + ' ' + source.path;
}

/// Appends lines, the separator of which does not matter: each is followed by a NUL.
Result<void> add_values(LineStore& store, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (auto added = store.add(value + '\0'); !added) return added;
  }
  return store.finish();
}

/// Several inputs without the values of their files.
std::vector<InputSource> empty_sources(const ExecOptions& options) {
  constexpr std::size_t kLeast = std::size_t{2} << 20U;
  LineStore::Memory memory;
  memory.bytes = std::max(memory.bytes / options.sources.size(), kLeast);
  std::vector<InputSource> sources;
  for (const InputArgument& argument : options.sources) {
    const bool is_file = argument.from == InputArgument::From::file;
    std::variant<LineStore, NumberRange> values = argument.range;
    if (argument.from != InputArgument::From::range) {
      values = LineStore(is_file ? separator_of(options) : '\0', memory);
    }
    const bool has_header = options.header && argument.from != InputArgument::From::range;
    sources.push_back({std::move(values), argument.is_linked, is_file, has_header});
  }
  return sources;
}

/// Fills in the values that are on the command line, and combines all.
Result<Combinations> combined(const ExecOptions& options, std::vector<InputSource> sources) {
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const InputArgument& argument = options.sources[i];
    if (argument.from != InputArgument::From::values) continue;
    auto added = add_values(std::get<LineStore>(sources[i].values), argument.values);
    if (!added) return permanent(argument.name + ": " + added.error().message);
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!sources[i].has_header || sources[i].lines() > 0) continue;
    return permanent(name_of(options.sources[i]) +
                     ": --header: the first line, a name, is missing");
  }
  return Combinations::of(std::move(sources));
}

/// How many lines each file had: the request has the sizes of all inputs.
std::vector<std::uint64_t> saved_sizes(const Journal& journal) {
  const nlohmann::json request =
      nlohmann::json::parse(journal.run().request, nullptr, /*allow_exceptions=*/false);
  std::vector<std::uint64_t> sizes;
  if (!request.is_object() || !request.contains("asked")) return sizes;
  for (const auto& linked : request["asked"].value("sources", nlohmann::json::array())) {
    for (const auto& size : linked) sizes.push_back(size.get<std::uint64_t>());
  }
  return sizes;
}

}  // namespace

Result<Combinations> read_sources(const ExecOptions& options) {
  std::vector<InputSource> sources = empty_sources(options);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!sources[i].is_file) continue;
    const InputArgument& argument = options.sources[i];
    const os::Descriptor file = open_input(argument.path);
    if (!file) return permanent(name_of(argument) + ": " + std::strerror(errno));
    auto& store = std::get<LineStore>(sources[i].values);
    Result<void> read =
        read_chunks(file.get(), [&store](std::string_view chunk) { return store.add(chunk); });
    if (read) read = store.finish();
    if (!read) return permanent(name_of(argument) + ": " + read.error().message);
  }
  return combined(options, std::move(sources));
}

Result<Combinations> saved_sources(const ExecOptions& options) {
  auto journal = Journal::open_to_read(options.journal);
  if (!journal) return permanent(journal.error().message);
  std::vector<InputSource> sources = empty_sources(options);
  const std::vector<std::uint64_t> sizes = saved_sizes(**journal);
  const Error malformed = permanent(options.journal + ": its input does not match its request");
  if (sizes.size() != sources.size()) return malformed;
  std::size_t at = 0;
  const std::uint64_t headers = options.header ? 1 : 0;
  const auto is_filled = [&] {
    return !sources[at].is_file || sources[at].lines() == sizes[at] + headers;
  };
  const auto take = [&](std::string_view part) -> Result<void> {
    while (!part.empty()) {
      while (at < sources.size() && is_filled()) ++at;
      if (at == sources.size()) return malformed;
      const std::size_t end = part.find(separator_of(options));
      if (end == std::string_view::npos) return malformed;
      auto added = std::get<LineStore>(sources[at].values).add(part.substr(0, end + 1));
      if (!added) return added;
      part.remove_prefix(end + 1);
    }
    return {};
  };
  auto read = (*journal)->read_input(take);
  if (!read) return permanent(options.journal + ": its input: " + read.error().message);
  while (at < sources.size() && is_filled()) ++at;
  if (at < sources.size()) {
    return permanent(options.journal +
                     " ended before its input was saved: start the run "
                     "again with another journal");
  }
  return combined(options, std::move(sources));
}

}  // namespace rollcall::coordinator
