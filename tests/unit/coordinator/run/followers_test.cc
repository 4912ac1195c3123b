// What a follower of a task gets, from a spool in memory.
#include "coordinator/run/followers.h"

#include <gmock/gmock.h>

#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "coordinator/control/limits.h"
#include "coordinator/view/base64.h"
#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using nlohmann::json;
using testing::ElementsAre;

constexpr auto kOut = OutputStream::out;
constexpr auto kErr = OutputStream::err;

/// Has the bytes of attempts, and reads when the test says so.
class MemorySpool final : public StreamedOutput {
 public:
  void start(boost::asio::io_context&, Epoch, Handlers) override {}
  void stop() override {}
  OutputRoom room() const override { return {}; }
  void take(SessionIndex, const rollcall::Output&, const std::vector<bool>&) override {}
  void drop(const SessionAttempt&) override {}
  SpoolKey print_early(const SessionAttempt&) override { return {}; }
  std::vector<FoundOutput> found() const override { return {}; }
  void cut(const CutOutput&) override {}
  void keep(const std::vector<SessionAttempt>&) override {}
  void committed(const RunRecords&, std::uint64_t) override {}

  std::optional<SpoolKey> output_of(TaskId) const override { return current; }
  void peek(const SpoolStream& stream, std::uint64_t from, std::size_t most,
            OutputSpool::PeekHandler done) override {
    const std::uint64_t at = stream.stream == kOut ? std::max(from, printed) : from;
    const std::string& all = bytes[stream];
    std::string part = at < all.size() ? all.substr(at, most) : std::string();
    reads.push_back([at, part = std::move(part), done = std::move(done)] {
      done(OutputSpool::Peeked{at, part});
    });
  }
  void read_all() {
    for (; !reads.empty(); reads.pop_front()) reads.front()();
  }

  std::optional<SpoolKey> current;
  std::map<SpoolStream, std::string> bytes;
  std::uint64_t printed = 0;  ///< of standard output
  std::deque<std::function<void()>> reads;
};

class SpooledKind final : public TaskKind {
 public:
  explicit SpooledKind(MemorySpool& spool) : spool_(spool) {}
  RunOptions& options() override { return options_; }
  const RunSpec& spec() const override { return spec_; }
  Policy policy() const override { return {}; }
  json request() const override { return {}; }
  const KindDisplay& display() const override { return display_; }
  std::unique_ptr<Output> make_text_report(const RunRecords&) const override { return nullptr; }
  StreamedOutput* streamed_output() override { return &spool_; }
  std::string why_not_followed() const override { return {}; }

 private:
  std::unique_ptr<Output> make_text_output(const RunRecords&) const override { return nullptr; }

  MemorySpool& spool_;
  RunOptions options_;
  RunSpec spec_;
  KindDisplay display_;
};

/// One worker runs the only task, which is followed.
class FollowersTest : public SchedulerTest {
 protected:
  FollowersTest() {
    use_commands();
    policy.retries = 2;
    spec.task_count = 1;
    begin_with({1}, 2);
    followers_.emplace(stage->scheduler(), kind_, "");
    auto lines = followers_->follow(TaskId{0});
    EXPECT_TRUE(lines);
    if (lines) lines_ = *lines;
    lines_->on_more([this] { ++announced_; });
    EXPECT_EQ(next_line(), R"({"schema":"rollcall/follow/1","task":0,"waits":false})");
  }

  static SpoolKey attempt(Attempt number) { return {SessionIndex{0}, TaskId{0}, number, 1}; }
  void has(OutputStream stream, const std::string& bytes, Attempt number = 1) {
    spool_.current = attempt(number);
    spool_.bytes[{attempt(number), stream}] += bytes;
    rollcall::Output output;
    output.task = {TaskId{0}};
    followers_->output_taken(output);
  }
  std::string next_line() {
    for (int i = 0; i < 3; ++i) {  // the first read may have begun before the last bytes arrived
      if (std::optional<std::string> line = lines_->next()) return *line;
      spool_.read_all();
    }
    return {};
  }
  /// Bytes of standard output and error, and the lines that are anything else.
  std::vector<std::string> rest() {
    std::vector<std::string> all;
    for (std::string line = next_line(); !line.empty(); line = next_line()) {
      const json object = json::parse(line);
      const auto bytes = [&](const char* name) {
        return *from_base64(object[name].get<std::string>());
      };
      if (object.contains("stdout")) {
        all.push_back("out " + bytes("stdout"));
      } else if (object.contains("stderr")) {
        all.push_back("err " + bytes("stderr"));
      } else {
        all.push_back(line);
      }
    }
    return all;
  }
  /// The worker reports the end of an attempt at task 0, with this much of standard output before.
  void report(std::uint64_t number, Outcome outcome, std::uint64_t before, const std::string& out,
              Attempt attempt = 1) {
    OutcomeColumns outcomes;
    outcomes.push_back(TaskId{0}, attempt, outcome, Instant{}, std::chrono::seconds(1), {});
    CommandResult result;
    result.status = outcome == Outcome::succeeded ? 0 : 3;
    result.out = out;
    result.out_before = before;
    outcomes.command.push_back(result);
    const std::size_t accepted = records().accepted();
    stage->report(1, number, {{{0}, outcome}});
    stage->ignore();
    followers_->reported(outcomes);
    followers_->stepped(accepted);
  }

  MemorySpool spool_;
  SpooledKind kind_{spool_};
  std::optional<Followers> followers_;
  std::shared_ptr<ControlLines> lines_;
  int announced_ = 0;
};

const std::string kEnd = R"({"end":"succeeded","text":""})";
const std::string kAgain = R"({"again":"exit status 3"})";

TEST_F(FollowersTest, GetPartsWhenTheyAskForThem) {
  has(kOut, "a");
  has(kErr, "b");
  EXPECT_GT(announced_, 0);
  EXPECT_TRUE(spool_.reads.empty()) << "nobody has asked";
  EXPECT_THAT(rest(), ElementsAre("out a", "err b"));
  const std::string much(100'000, 'x');
  has(kOut, much);
  EXPECT_EQ(next_line().size(), 65'549U) << "a part in base64";
  EXPECT_TRUE(spool_.reads.empty());
}

TEST_F(FollowersTest, GetTheEndOfTheOutputWithTheOutcome) {
  has(kOut, "begin ");
  EXPECT_THAT(rest(), ElementsAre("out begin "));
  has(kOut, "middle ");
  report(1, Outcome::succeeded, 13, "end");
  EXPECT_FALSE(lines_->is_over());
  EXPECT_THAT(rest(), ElementsAre("out middle ", "out end", kEnd));
  EXPECT_TRUE(lines_->is_over());
}

TEST_F(FollowersTest, GetNoByteTwiceThatIsReadWhenTheTaskEnds) {
  has(kOut, "begin");
  EXPECT_EQ(lines_->next(), std::nullopt);  // reads
  report(1, Outcome::succeeded, 5, " end");
  EXPECT_EQ(spool_.reads.size(), 4U);
  EXPECT_THAT(rest(), ElementsAre("out begin", "out  end", kEnd));
}

TEST_F(FollowersTest, GoOnWithTheNextAttempt) {
  has(kOut, "first");
  report(1, Outcome::failed, 5, "!");
  EXPECT_THAT(rest(), ElementsAre("out first", "out !", kAgain));
  EXPECT_THAT(rest(), ElementsAre()) << "the first attempt is still in the spool";
  has(kOut, "second", 2);
  EXPECT_THAT(rest(), ElementsAre("out second"));
}

/// An acknowledgement may be lost.
TEST_F(FollowersTest, IgnoreAReportThatIsRepeated) {
  report(1, Outcome::failed, 0, "short");
  EXPECT_THAT(rest(), ElementsAre("out short", kAgain));
  report(1, Outcome::failed, 0, "short");
  EXPECT_THAT(rest(), ElementsAre());
}

TEST_F(FollowersTest, StateWhatIsMissing) {
  has(kOut, "printed, not printed");
  spool_.printed = 9;
  EXPECT_THAT(rest(), ElementsAre(R"({"missing":9,"stream":"stdout"})", "out not printed"));
}

TEST_F(FollowersTest, TakeLittleMemoryWhenTheyReadNothing) {
  const std::size_t much = limits::followed_end_bytes + 1'000'000;
  has(kOut, std::string(much, 'x'));
  report(1, Outcome::failed, much, "tail");
  spool_.read_all();
  has(kOut, std::string(much, 'y'), 2);
  stage->wait(1'000);
  stage->ignore();
  report(2, Outcome::failed, much, "tail", 2);
  EXPECT_TRUE(spool_.reads.empty()) << "the second one is not copied";
  std::size_t bytes = 0;
  std::vector<std::string> others;
  for (const std::string& line : rest()) {
    if (line.starts_with("out x")) {
      bytes += line.size() - 4;
    } else {
      others.push_back(line);
    }
  }
  EXPECT_EQ(bytes, limits::followed_end_bytes);
  EXPECT_THAT(others, ElementsAre(R"({"missing":1000000,"stream":"stdout"})", "out tail", kAgain,
                                  R"({"missing":5194304,"stream":"stdout"})",
                                  R"({"missing":4,"stream":"stdout"})", kAgain));
}

TEST_F(FollowersTest, AreUnreadUntilTheirConnectionHasSentAll) {
  EXPECT_EQ(followers_->unread(), 0U) << "the task runs";
  report(1, Outcome::succeeded, 0, "out");
  EXPECT_GT(followers_->unread(), 1U);
  rest();
  EXPECT_EQ(followers_->unread(), 1U);
  lines_.reset();
  EXPECT_EQ(followers_->unread(), 0U);
}

TEST_F(FollowersTest, FollowNoTaskThatHasEnded) {
  report(1, Outcome::succeeded, 0, "");
  const auto again = followers_->follow(TaskId{0});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message,
            "task 0 has ended: only a task that waits or runs can be followed");
}

}  // namespace
}  // namespace rollcall::coordinator
