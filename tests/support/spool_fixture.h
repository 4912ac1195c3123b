// A spool for tests, with the loop to which it reports.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/exec/results/output_spool.h"

namespace rollcall::coordinator {

using namespace std::chrono_literals;

inline constexpr auto kOut = OutputStream::out;
inline constexpr auto kErr = OutputStream::err;
inline constexpr std::uint64_t kMuch = 1U << 30U;

inline SpoolKey key_of(std::uint32_t task, std::uint32_t session = 1) {
  return {SessionIndex{session}, TaskId{task}, 1, 1};
}
inline SpoolStream out_of(std::uint32_t task) {
  return {key_of(task), kOut};
}
inline SpoolStream err_of(std::uint32_t task) {
  return {key_of(task), kErr};
}

/// A spool, the loop that it reports to, and all that it has reported.
class SpoolFixture {
 public:
  explicit SpoolFixture(std::unique_ptr<SpoolFiles> files, bool sync = false,
                        std::uint64_t memory = kMuch, std::uint64_t disk = kMuch,
                        std::uint64_t idle = 0) {
    spool.emplace(loop, std::move(files), OutputSpool::Settings{memory, disk, sync, idle},
                  OutputSpool::Handlers{[this](const auto& all) { note(all); },
                                        [this](const auto& one) { troubles.push_back(one); },
                                        [this] { ++changes; }});
  }

  template <class Done>
  void run_until(Done done) {
    loop.restart();
    const auto guard = boost::asio::make_work_guard(loop);
    while (!done()) ASSERT_EQ(loop.run_one_for(30s), 1U) << "timed out";
  }
  void run_until_written(const SpoolStream& stream, std::uint64_t bytes) {
    run_until([&] { return spool->written(stream) == bytes; });
  }
  Result<std::string> read(const SpoolStream& stream, std::uint64_t from = 0,
                           std::size_t most = kMuch) {
    std::optional<Result<std::string>> result;
    spool->read(stream, from, most, [&](Result<std::string> bytes) { result = bytes; });
    run_until([&] { return result.has_value(); });
    return *result;
  }

  boost::asio::io_context loop;
  std::map<SpoolStream, std::uint64_t> written;
  std::vector<SpoolTrouble> troubles;
  int changes = 0;
  std::function<void(const SpooledSoFar&)> check = [](const SpooledSoFar&) {};
  std::optional<OutputSpool> spool;

 private:
  void note(const std::vector<SpooledSoFar>& all) {
    for (const SpooledSoFar& one : all) {
      EXPECT_GT(one.bytes, written[one.stream]);
      EXPECT_EQ(spool->written(one.stream), one.bytes);
      written[one.stream] = one.bytes;
      check(one);
    }
  }
};

}  // namespace rollcall::coordinator
