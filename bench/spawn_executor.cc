// The rate at which the worker's executor runs a command that does nothing, without a coordinator.
// To be held against spawn_limit in the same minute.
//
//   spawn_executor IN_FLIGHT COUNT [COMMAND [ARGUMENT...]]
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "worker/executors/command_runner.h"

int main(int argc, char** argv) {
  using rollcall::worker::CommandRunner;
  if (argc < 3) {
    std::fprintf(stderr, "usage: spawn_executor IN_FLIGHT COUNT [COMMAND...]\n");
    return 2;
  }
  const std::uint64_t in_flight = std::strtoull(argv[1], nullptr, 10);
  const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
  rollcall::Command command;
  command.args.assign(argv + 3, argv + argc);
  if (command.args.empty()) command.args = {"/bin/true"};
  command.env = {"ROLLCALL_RUN_ID=0123456789abcdef0123456789abcdef", "ROLLCALL_TASK_ID=12345",
                 "ROLLCALL_ATTEMPT=1", "ROLLCALL_WORKER=somewhere-4711"};

  const auto clock = [] { return std::chrono::steady_clock::now(); };
  const auto us = [](auto d) { return std::chrono::duration<double, std::micro>(d).count(); };
  const auto before = clock();
  const auto slots = static_cast<std::uint32_t>(in_flight);
  auto guardians =
      rollcall::worker::Guardians::start(rollcall::worker::guardians_for(slots), slots, 1024);
  if (!guardians) {
    std::fprintf(stderr, "spawn_executor: %s\n", guardians.error().message.c_str());
    return 1;
  }
  const auto begin = clock();
  boost::asio::io_context loop(1);
  std::uint64_t started = 0;
  std::uint64_t ended = 0;
  std::uint64_t failed = 0;
  CommandRunner* executor = nullptr;
  const auto refill = [&] {
    for (; started < count && started - ended < in_flight + 4; ++started) {
      executor->start(started, command, {1U << 20U, std::chrono::seconds(5)});
    }
  };
  const auto on_ended = [&] {
    for (const auto& each : executor->take_ended()) {
      ++ended;
      if (each.result.end != rollcall::CommandEnd::exited) ++failed;
    }
    refill();
    if (ended == count) loop.stop();
  };
  CommandRunner made(loop, std::move(*guardians), slots,
                     {on_ended, [&](const std::string&) { loop.stop(); }});
  executor = &made;
  refill();
  loop.run();
  const std::chrono::duration<double> took = clock() - begin;
  std::printf(
      "executor in_flight=%s count=%s seconds=%.3f per_second=%.0f failed=%llu "
      "guardian_us=%.0f\n",
      argv[1], argv[2], took.count(), static_cast<double>(ended) / took.count(),
      static_cast<unsigned long long>(failed), us(begin - before));
  return ended == count ? 0 : 1;
}
