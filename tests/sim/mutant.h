// The mutants of sim_mutants. Only the mutated copies of sources, which apply_mutants.cmake
// writes, use them; sim has none.
#pragma once

#include <string_view>

namespace rollcall::sim {

/// A rule that can be disabled. Static objects, one a mutant, in the mutated copy of its source.
class Mutant {
 public:
  explicit Mutant(const char* name);
  Mutant(const Mutant&) = delete;
  Mutant& operator=(const Mutant&) = delete;

  /// Disables the rule for the rest of the program. Returns false if no mutant has this name.
  static bool choose(std::string_view name);

  bool is_chosen = false;

 private:
  const char* name_;
  Mutant* next_;
};

}  // namespace rollcall::sim
