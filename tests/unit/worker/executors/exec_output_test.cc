// Output of commands in chunks: read while they run, held, and released with the outcome.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/limits.h"
#include "common/os/clock.h"
#include "worker/executors/exec_executor.h"

namespace rollcall::worker {
namespace {

using namespace std::chrono_literals;

constexpr TaskId kTask{7};
constexpr Attempt kAttempt = 3;
constexpr auto kOut = OutputStream::out;
constexpr auto kErr = OutputStream::err;

class ExecOutputTest : public testing::Test {
 protected:
  ExecOutputTest() {
    executor_ = std::make_unique<ExecExecutor>(
        ExecutorContext{loop_, "w", 8, 256, [this] { end_turn(); }, [](const std::string&) {},
                        [](const std::string&) {}});
    EXPECT_TRUE(executor_->prepare({KindId::exec, 4, true}).has_value());
  }

  void end_turn() {
    OutcomeColumns ended;
    while (executor_->take_ended(os::now(), ended)) {
      ASSERT_EQ(ended.size(), 1U);
      outcome_ = std::make_unique<CommandResult>(ended.command[0]);
    }
    std::vector<OutputProgress> progress;
    executor_->take_progress(progress);
    for (const OutputProgress& each : progress) progress_ = each;
  }
  void start(const std::string& script) {
    AttemptColumns attempts{{kTask}, {kAttempt}, {Duration::zero()}};
    attempts.command.resize(1);
    attempts.command[0].args = {"sh", "-c", script};
    executor_->start(os::now(), {1, std::move(attempts), std::make_shared<const Job>(job_)});
  }
  bool wait_until(const auto& fact) {
    while (!fact()) {
      loop_.restart();
      if (loop_.run_one_for(30s) == 0) return false;
    }
    return true;
  }
  /// What happens within this time.
  void run_for(Duration time) {
    loop_.restart();
    loop_.run_for(time);
  }
  std::uint64_t read(OutputStream stream = kOut) const { return progress_.bytes[index(stream)]; }
  std::string send(OutputStream stream, std::uint64_t offset, std::uint64_t size) {
    std::string bytes;
    EXPECT_TRUE(executor_->copy_output({kTask, kAttempt, stream, offset, size}, bytes));
    return bytes;
  }
  /// Sends and forgets all that the command prints until it has ended.
  std::string send_all() {
    std::string all;
    const bool is_over = wait_until([&] {
      if (read() > all.size()) {
        all += send(kOut, all.size(), read() - all.size());
        executor_->forget_output({kTask, kAttempt, kOut, all.size()});
      }
      return progress_.has_ended && read() == all.size();
    });
    EXPECT_TRUE(is_over);
    return all;
  }
  void release() {
    executor_->release({{kTask}, {kAttempt}});
    end_turn();
    ASSERT_NE(outcome_, nullptr);
  }

  Job job_{kFirstJob, KindId::exec, true, 1s};
  boost::asio::io_context loop_;
  std::unique_ptr<ExecExecutor> executor_;
  std::unique_ptr<CommandResult> outcome_;
  OutputProgress progress_;
};

TEST_F(ExecOutputTest, ShortOutputTravelsWithItsOutcome) {
  start("printf out; sleep 0.05; printf err >&2");
  ASSERT_TRUE(wait_until([&] { return outcome_ != nullptr; }));
  EXPECT_EQ(outcome_->out, "out");
  EXPECT_EQ(outcome_->err, "err");
  EXPECT_EQ(outcome_->out_before + outcome_->err_before, 0U);
}

TEST_F(ExecOutputTest, OutputOfAnySizeIsReadWhileTheCommandRuns) {
  start("seq 500000");
  const std::string all = send_all();
  EXPECT_EQ(outcome_, nullptr) << "it waits";
  HeldColumns held;
  executor_->list(held);
  EXPECT_THAT(held.task, testing::ElementsAre(kTask));
  release();
  EXPECT_EQ(all.size(), 3'388'895U);
  EXPECT_EQ(all.substr(0, 6), "1\n2\n3\n");
  EXPECT_EQ(all.substr(all.size() - 7), "500000\n");
  EXPECT_EQ(outcome_->out_before, all.size());
  EXPECT_EQ(outcome_->out + outcome_->err, "");
  EXPECT_EQ(outcome_->out_dropped, 0U);
  executor_->list(held);
  EXPECT_EQ(held.size(), 0U);
}

TEST_F(ExecOutputTest, ACommandBlocksWhileNothingIsSent) {
  start("seq 500000; echo done >&2");
  ASSERT_TRUE(wait_until([&] { return read() >= limits::output_read_ahead; }));
  const std::uint64_t before = read();
  run_for(300ms);
  EXPECT_EQ(read(), before) << "the pipe is not read";
  EXPECT_LE(before, 2 * limits::output_read_ahead);
  EXPECT_EQ(read(kErr), 0U) << "it has not come that far";
  const std::string all = send_all();
  EXPECT_EQ(read(kErr), 5U);
  release();
  EXPECT_EQ(outcome_->err, "done\n");
}

TEST_F(ExecOutputTest, TheTailIsWhatWasNotSent) {
  const std::string sent = testing::TempDir() + "sent";
  start("printf 0123456789; while ! test -e " + sent + "; do sleep 0.01; done; printf abc");
  ASSERT_TRUE(wait_until([&] { return read() == 10; }));
  EXPECT_EQ(send(kOut, 0, 10), "0123456789");
  std::ofstream(sent).close();
  ASSERT_TRUE(wait_until([&] { return progress_.has_ended; }));
  std::filesystem::remove(sent);
  EXPECT_EQ(send(kOut, 0, 10), "0123456789") << "again";
  release();
  EXPECT_EQ(outcome_->out_before, 10U);
  EXPECT_EQ(outcome_->out, "abc");
  std::string none;
  EXPECT_FALSE(executor_->copy_output({kTask, kAttempt, kOut, 0, 1}, none));
}

TEST_F(ExecOutputTest, ACommandWhoseOutputIsNotWantedRunsToItsEnd) {
  start("seq 500000; exit 3");
  ASSERT_TRUE(wait_until([&] { return read() > 0; }));
  executor_->forget_output({kTask, kAttempt, kOut, kNotWanted});
  ASSERT_TRUE(wait_until([&] { return progress_.has_ended; }));
  release();
  EXPECT_EQ(outcome_->status, 3);
  EXPECT_EQ(outcome_->out_before, kNotWanted);
  EXPECT_EQ(outcome_->out, "");
}

TEST_F(ExecOutputTest, BytesBeyondTheLimitOfTheJobAreCounted) {
  job_.max_output = 100'000;
  start("seq 500000");
  std::string all;
  const bool is_over = wait_until([&] {
    if (read() > all.size()) all += send(kOut, all.size(), read() - all.size());
    return progress_.has_ended && read() == all.size();
  });
  ASSERT_TRUE(is_over);
  release();
  EXPECT_EQ(outcome_->out_before + outcome_->out.size(), 100'000U);
  EXPECT_EQ(outcome_->out_dropped, 3'388'895U - 100'000U);
}

TEST_F(ExecOutputTest, ABlockedCommandCanBeCancelled) {
  start("seq 500000; sleep 1000");
  ASSERT_TRUE(wait_until([&] { return read() >= limits::output_read_ahead; }));
  executor_->cancel(os::now(), 1);
  ASSERT_TRUE(wait_until([&] { return outcome_ != nullptr; }));
  EXPECT_EQ(outcome_->end, CommandEnd::cancelled);
  EXPECT_EQ(outcome_->out, "") << "there is more than a tail";
  EXPECT_GE(outcome_->out_dropped, read());
}

TEST_F(ExecOutputTest, ACancelledCommandWaitsOnlyForWhatWasSent) {
  start("seq 500000; sleep 1000");
  ASSERT_TRUE(wait_until([&] { return read() >= limits::output_read_ahead; }));
  send(kOut, 0, 1'000);
  // An outcome would carry no more than a tail.
  ASSERT_TRUE(wait_until([&] { return read() > limits::output_tail + 1'000; }));
  executor_->cancel(os::now(), 1);
  ASSERT_TRUE(wait_until([&] { return progress_.has_ended; }));
  EXPECT_EQ(read(), 1'000U);
  EXPECT_EQ(send(kOut, 990, 10).size(), 10U);
  release();
  EXPECT_EQ(outcome_->out_before, 1'000U);
  EXPECT_EQ(outcome_->out, "");
  EXPECT_GT(outcome_->out_dropped, 60'000U);
}

TEST_F(ExecOutputTest, AnEndedCommandThatWaitsForAReaderCanBeCancelled) {
  start("seq 20000");
  ASSERT_TRUE(wait_until([&] { return progress_.has_ended; }));
  send(kOut, 0, 1'000);
  executor_->cancel(os::now(), 1);
  end_turn();
  EXPECT_EQ(read(), 1'000U);
  release();
  EXPECT_EQ(outcome_->end, CommandEnd::cancelled);
  EXPECT_EQ(outcome_->out_before, 1'000U);
  EXPECT_EQ(outcome_->out, "");
  EXPECT_EQ(outcome_->out_dropped, 108'894U - 1'000U);
}

TEST_F(ExecOutputTest, DroppedAttemptsLeaveNothing) {
  start("seq 500000");
  ASSERT_TRUE(wait_until([&] { return read() >= limits::output_read_ahead; }));
  executor_->drop();
  std::string none;
  EXPECT_FALSE(executor_->copy_output({kTask, kAttempt, kOut, 0, 1}, none));
  run_for(50ms);
  EXPECT_EQ(outcome_, nullptr);
}

TEST_F(ExecOutputTest, AttemptsContinueAsTheyWereStarted) {
  ASSERT_TRUE(executor_->prepare({KindId::exec, 4, false}).has_value());
  start("seq 20000; sleep 0.1");
  ASSERT_TRUE(executor_->prepare({KindId::exec, 4, true}).has_value());
  ASSERT_TRUE(wait_until([&] { return outcome_ != nullptr; }));
  EXPECT_EQ(outcome_->out.size(), 108'894U) << "more than a tail";
  EXPECT_EQ(outcome_->out_before, 0U);
}

}  // namespace
}  // namespace rollcall::worker
