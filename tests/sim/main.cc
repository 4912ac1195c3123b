// sim: the simulator.
#include "tests/sim/run_simulator.h"

int main(int argc, char** argv) {
  if (argc < 1) return 2;
  return rollcall::sim::run_simulator(argv[0], {argv + 1, argv + argc});
}
