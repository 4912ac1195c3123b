// Any bytes into WireCodec. With Clang and -DROLLCALL_FUZZER=ON a libFuzzer program, which runs
// until it is stopped; else a program that tries a fixed number of damaged messages:
//   wire_fuzz [SEED [COUNT]]
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/wire_samples.h"

using rollcall::WireCodec;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static WireCodec codec;
  rollcall::test::decode_both_ways(codec, std::as_bytes(std::span(data, size)));
  return 0;
}

#ifndef ROLLCALL_FUZZER
int main(int argc, char** argv) {
  const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 200'000;
  std::printf("seed %" PRIu64 ", %" PRIu64 " damaged messages\n", seed, count);
  std::fflush(stdout);
  rollcall::Rng rng(seed);
  const auto samples = rollcall::test::sample_bytes();
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string bytes = samples[rng.below(samples.size())];
    rollcall::test::damage(bytes, samples, rng);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
}
#endif
