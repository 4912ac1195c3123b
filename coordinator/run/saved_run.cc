#include "coordinator/run/saved_run.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "coordinator/journal/journal.h"
#include "coordinator/kinds/kinds.h"

namespace rollcall::coordinator {

using Json = nlohmann::json;

Result<SavedRun> saved_run(const std::string& path, const cli::Environment& environment) {
  const auto journal = Journal::open_to_read(path);
  if (!journal) return permanent(journal.error().message);
  const Error malformed = permanent("journal " + path + " is damaged: its request is malformed");
  const Json request = Json::parse((*journal)->run().request, nullptr, /*allow_exceptions=*/false);
  if (!request.is_object()) return malformed;
  const Json saved = request.value("arguments", Json());
  if (!saved.is_array()) return malformed;
  std::vector<std::string> arguments;
  for (const Json& argument : saved) {
    if (!argument.is_string()) return malformed;
    arguments.push_back(argument.get<std::string>());
  }
  ParsedKind parsed = kind_of((*journal)->run().spec.kind).parse(arguments, environment);
  auto* const kind = std::get_if<std::unique_ptr<TaskKind>>(&parsed);
  if (kind == nullptr) return malformed;
  (*kind)->options().journal = path;
  (*kind)->options().resumes_as_saved = true;
  const Json directory = request.value("folder", Json());
  return SavedRun{std::move(*kind),
                  directory.is_string() ? directory.get<std::string>() : std::string()};
}

}  // namespace rollcall::coordinator
