// sim_mutants: sim with a rule disabled, chosen by the name of its file in tests/sim/mutants.
#include <cstdio>
#include <string>
#include <vector>

#include "tests/sim/mutant.h"
#include "tests/sim/run_simulator.h"

namespace rollcall::sim {
namespace {

constinit Mutant* all_mutants = nullptr;  // before the constructors of the mutants run

}  // namespace

Mutant::Mutant(const char* name) : name_(name), next_(all_mutants) {
  all_mutants = this;
}

bool Mutant::choose(std::string_view name) {
  for (Mutant* mutant = all_mutants; mutant != nullptr; mutant = mutant->next_) {
    if (mutant->name_ != name) continue;
    mutant->is_chosen = true;
    return true;
  }
  return false;
}

}  // namespace rollcall::sim

int main(int argc, char** argv) {
  if (argc < 1) return 2;
  std::string command = argv[0];
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() > 1 && arguments[0] == "--mutant") {
    if (!rollcall::sim::Mutant::choose(arguments[1])) {
      std::fprintf(stderr, "sim_mutants: unknown mutant %s\n", arguments[1].c_str());
      return 2;
    }
    command += " --mutant " + arguments[1];
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  }
  return rollcall::sim::run_simulator(command, arguments);
}
