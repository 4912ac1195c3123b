// Which failures are retried.
#include "coordinator/exec/results/retry_reasons.h"

#include <gmock/gmock.h>

#include <cerrno>

namespace rollcall::coordinator {
namespace {

CommandResult result_of(CommandEnd end, int status = 0, int error = 0) {
  CommandResult result;
  result.end = end;
  result.status = status;
  result.error = error;
  return result;
}

TEST(RetryReasons, AreStatusesAndNames) {
  const auto reasons = parse_retry_reasons("75,timeout,127");
  ASSERT_TRUE(reasons);
  EXPECT_TRUE(reasons->includes(result_of(CommandEnd::exited, 75)));
  EXPECT_FALSE(reasons->includes(result_of(CommandEnd::exited, 74)));
  EXPECT_TRUE(reasons->includes(result_of(CommandEnd::timed_out)));
  EXPECT_FALSE(reasons->includes(result_of(CommandEnd::signalled)));
  EXPECT_TRUE(reasons->includes(result_of(CommandEnd::not_started, 0, ENOENT)));
  EXPECT_FALSE(reasons->includes(result_of(CommandEnd::not_started, 0, EACCES)));
  EXPECT_FALSE(reasons->includes(result_of(CommandEnd::out_of_memory)));
  EXPECT_TRUE(parse_retry_reasons("signal")->includes(result_of(CommandEnd::signalled)));
  EXPECT_FALSE(parse_retry_reasons("signal")->includes(result_of(CommandEnd::out_of_memory)));
  EXPECT_TRUE(parse_retry_reasons("memory")->includes(result_of(CommandEnd::out_of_memory)));
}

TEST(RetryReasons, AreRefusedIfWrong) {
  for (const char* wrong : {"", ",", "75,", "0", "256", "-1", "75 ", "fail", "SIGKILL", "7x"}) {
    EXPECT_FALSE(parse_retry_reasons(wrong)) << wrong;
  }
}

TEST(RetryReasons, MarkOtherFailures) {
  OutcomeColumns outcomes;
  const auto add = [&](Outcome outcome, const CommandResult& result) {
    outcomes.push_back(TaskId{0}, 1, outcome, {}, {}, {});
    outcomes.command.resize(outcomes.size());
    outcomes.command.back() = result;
  };
  add(Outcome::failed, result_of(CommandEnd::exited, 75));
  add(Outcome::failed, result_of(CommandEnd::exited, 1));
  add(Outcome::succeeded, result_of(CommandEnd::exited));
  add(Outcome::timed_out, result_of(CommandEnd::timed_out));
  add(Outcome::cancelled, result_of(CommandEnd::cancelled));
  parse_retry_reasons("75")->mark_final(outcomes);
  EXPECT_THAT(outcomes.is_final, testing::ElementsAre(0, 1, 0, 1, 0));
}

}  // namespace
}  // namespace rollcall::coordinator
