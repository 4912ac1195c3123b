#include "common/access/strict_json.h"

#include <fmt/core.h>

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/text.h"

namespace rollcall {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kNameBytes = 100;

/// Watches the parser for members that are given twice.
class Names {
 public:
  bool operator()(int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) open_.emplace_back();
    if (event == Json::parse_event_t::object_end) open_.pop_back();
    if (event == Json::parse_event_t::key && !open_.back().insert(parsed).second) {
      repeated_ = "\"" + printable(parsed.get_ref<const std::string&>(), kNameBytes) + "\"";
    }
    return true;
  }
  /// In quotes; empty: none.
  const std::string& repeated() const { return repeated_; }

 private:
  std::vector<std::set<std::string>> open_;  ///< names in the objects that have not ended
  std::string repeated_;
};

}  // namespace

Result<Json> parse_strict_json(std::string_view text) {
  Names names;
  Json json;
  try {
    json = Json::parse(text, std::ref(names));
  } catch (const Json::parse_error& error) {
    if (error.byte > text.size()) return retryable("truncated");
    return permanent(fmt::format("invalid JSON at byte {}", error.byte));
  }
  if (!names.repeated().empty()) return permanent(names.repeated() + " is given twice");
  return Result<Json>(boost::system::in_place_value, std::move(json));
}

}  // namespace rollcall
