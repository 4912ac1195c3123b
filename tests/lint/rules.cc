#include "tests/lint/rules.h"

namespace rollcall::lint {

const std::vector<Rule>& all_rules() {
  static const std::vector<Rule> rules = {
      {"CoreIncludes", check_core_includes},
      {"ViewIncludes", check_view_includes},
      {"LibraryIncludes", check_library_includes},
      {"ProgramIncludes", check_program_includes},
      {"IncludePaths", check_include_paths},
      {"Layers", check_layers},
      {"IncludeCycles", check_include_cycles},
      {"Clock", check_clock},
      {"CoreWords", check_core_words},
      {"UnorderedIteration", check_unordered_iteration},
      {"BannedCode", check_banned_code},
      {"Names", check_names},
      {"Kinds", check_kinds},
      {"Sizes", check_sizes},
      {"Headers", check_headers},
      {"WhiteSpace", check_white_space},
      {"MachinePaths", check_machine_paths},
      {"Words", check_words},
      {"Links", check_links},
      {"Built", check_built},
      {"LimitsUsed", check_limits_used},
  };
  return rules;
}

}  // namespace rollcall::lint
