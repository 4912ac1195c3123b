// How far a streamed input is read ahead of the run.
#include "coordinator/run/input_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/limits.h"
#include "common/os/file_io.h"
#include "tests/support/times.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// Each byte is a number of tasks. '!' is invalid.
class ByteInput final : public StreamedInput {
 public:
  explicit ByteInput(os::Descriptor file) : file_(std::move(file)) {}

  Result<os::Descriptor> open() override {
    if (!lost.empty()) return permanent(lost);
    return std::move(file_);
  }
  Result<void> add(std::string_view bytes) override {
    for (const char byte : bytes) {
      if (byte == '!') return permanent("invalid");
      size_ += tasks_per_byte;
    }
    return {};
  }
  Result<void> finish() override { return {}; }
  Error end_early(std::string_view why) override { return permanent(std::string(why)); }
  std::uint64_t size() const override { return size_; }
  std::uint64_t mean_bytes() const override { return bytes_per_task; }
  std::size_t assignment_attempts() const override { return 7; }
  std::string warning() const override { return note; }
  void complete(CommittedTasks& /*tasks*/) override {}

  std::uint64_t tasks_per_byte = 1;
  std::uint64_t bytes_per_task = 1;
  std::string lost;
  std::string note;

 private:
  os::Descriptor file_;
  std::uint64_t size_ = 0;
};

class InputFeedTest : public testing::Test {
 protected:
  InputFeedTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    write_end = os::Descriptor(ends[1]);
    input.emplace(os::Descriptor(ends[0]));
  }

  void begin(bool has_journal = false) {
    RunSpec spec;
    spec.id.bytes.fill(1);
    spec.is_open = true;
    spec.kind = KindId::exec;
    spec.traits = traits_of(spec.kind);
    Policy policy;
    policy.others_may_join = true;
    policy.journal = has_journal;
    scheduler.emplace(spec, policy, 1);
    step(ListeningStarted{});
    InputFeed::Handlers handlers;
    handlers.happened = [this](const Event& event) {
      if (const auto* added = std::get_if<TasksAdded>(&event)) counts.push_back(added->count);
      if (const auto* ended = std::get_if<InputEnded>(&event)) end = ended->error;
      step(event);
    };
    handlers.arrived = [this] { step(TurnEnded{true}); };
    handlers.warned = [this](const std::string& text) { warnings.push_back(text); };
    feed.emplace(context, *input, *scheduler, has_journal, std::move(handlers));
    feed->start();
  }
  void step(const Event& event) {
    Actions actions;
    scheduler->step(kNow, event, actions);
    for (const Action& action : actions) {
      if (const auto* write = std::get_if<WriteCommit>(&action)) last_commit = write->number;
    }
  }
  void write(const std::string& bytes) { ASSERT_EQ(os::write_all(write_end.get(), bytes), 0); }
  /// Runs handlers until the next tasks, or the end, have arrived.
  void run_one() { ASSERT_EQ(context.run_one(), 1U); }
  /// Whether the input is read on after this turn.
  bool reads_on() {
    write("b");
    feed->advance();
    return context.run_one_for(100ms) > 0;
  }

  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      context.get_executor()};
  os::Descriptor write_end;
  std::optional<ByteInput> input;
  std::optional<Scheduler> scheduler;
  std::optional<InputFeed> feed;
  std::vector<std::uint32_t> counts;
  std::optional<std::string> end;
  std::vector<std::string> warnings;
  std::uint64_t last_commit = 0;
};

TEST_F(InputFeedTest, ReportsEachTaskOnce) {
  begin();
  write("aa");
  run_one();
  feed->advance();
  write("b");
  run_one();
  EXPECT_THAT(counts, ElementsAre(2, 1));
  EXPECT_EQ(scheduler->records().spec.task_count, 3U);
  EXPECT_EQ(end, std::nullopt);
}

TEST_F(InputFeedTest, ReportsTheEndAndTheWarning) {
  input->note = "carriage returns";
  begin();
  write_end.reset();
  run_one();
  EXPECT_EQ(end, "");
  EXPECT_THAT(counts, IsEmpty());
  EXPECT_THAT(warnings, ElementsAre("carriage returns"));
  EXPECT_FALSE(scheduler->records().spec.is_open);
}

TEST_F(InputFeedTest, TasksBeforeAnInvalidLineAreAdded) {
  begin();
  write("a!b");
  run_one();
  EXPECT_THAT(counts, ElementsAre(1));
  EXPECT_EQ(end, "invalid");
}

TEST_F(InputFeedTest, EndsAtOnceIfTheSourceIsLost) {
  input->lost = "the rest is lost";
  begin();
  EXPECT_EQ(end, "the rest is lost");
}

TEST_F(InputFeedTest, StopsAtTheLimitOfTasks) {
  input->tasks_per_byte = limits::read_ahead_tasks;
  begin();
  write("a");
  run_one();
  EXPECT_FALSE(reads_on());
}

TEST_F(InputFeedTest, StopsAtTheLimitOfBytes) {
  input->tasks_per_byte = 2;
  input->bytes_per_task = limits::read_ahead_bytes / 2;
  begin();
  write("a");
  run_one();
  EXPECT_FALSE(reads_on());
}

TEST_F(InputFeedTest, WithAJournalOnlyUncommittedTasksCount) {
  input->tasks_per_byte = limits::read_ahead_tasks;
  begin(/*has_journal=*/true);
  write("a");
  run_one();
  feed->advance();
  EXPECT_EQ(scheduler->uncommitted_tasks(), limits::read_ahead_tasks);
  step(Committed{last_commit});
  EXPECT_EQ(scheduler->uncommitted_tasks(), 0U);
  write("b");
  feed->advance();
  run_one();
  EXPECT_THAT(counts, ElementsAre(limits::read_ahead_tasks, limits::read_ahead_tasks));
}

TEST_F(InputFeedTest, StopsWhileTooManyTasksAreNotCommitted) {
  input->tasks_per_byte = limits::uncommitted_tasks;
  begin(/*has_journal=*/true);
  write("a");
  run_one();
  EXPECT_FALSE(reads_on());
}

TEST_F(InputFeedTest, StopsForGoodWhenTheRunIsStopped) {
  begin();
  step(StopRequested{/*let_running_end=*/true});
  feed->advance();
  pollfd writer{write_end.get(), POLLOUT, 0};
  ASSERT_EQ(::poll(&writer, 1, 0), 1);
  EXPECT_TRUE(writer.revents & POLLERR) << "the source is open";
  EXPECT_THAT(counts, IsEmpty());
  EXPECT_EQ(end, std::nullopt) << "the input has not ended";
}

}  // namespace
}  // namespace rollcall::coordinator
