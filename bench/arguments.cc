#include "bench/arguments.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace rollcall::bench {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  std::fprintf(stderr, "not understood: %s\n", what.c_str());
  std::exit(2);
}

}  // namespace

Arguments::Arguments(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (!name.starts_with("--")) refuse(argv[i]);
    const bool has_value = i + 1 < argc && !std::string_view(argv[i + 1]).starts_with("--");
    given_[std::string(name.substr(2))] = has_value ? argv[++i] : "";
  }
}

long long Arguments::number(const std::string& name, long long otherwise) {
  asked_[name] = true;
  const auto found = given_.find(name);
  if (found == given_.end()) return otherwise;
  char* end = nullptr;
  const double value = std::strtod(found->second.c_str(), &end);
  if (found->second.empty() || *end != '\0' || value < 0) refuse("--" + name);
  return static_cast<long long>(value);
}

bool Arguments::flag(const std::string& name) {
  asked_[name] = true;
  return given_.contains(name);
}

void Arguments::check() const {
  for (const auto& [name, value] : given_) {
    if (!asked_.contains(name)) refuse("--" + name);
  }
}

}  // namespace rollcall::bench
