#include "coordinator/commands/report.h"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "coordinator/core/analysis/validation.h"
#include "coordinator/view/run_document.h"
#include "coordinator/view/summary_text.h"
#include "tests/support/journal_fixture.h"
#include "tests/support/json_schema.h"
#include "tests/support/run_records_builder.h"

namespace rollcall::coordinator {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// A small run of two workers, one of which is lost, as it was in memory and as it is in the
/// journal.
class ReportCommandTest : public JournalTest {
 protected:
  ReportCommandTest() : builder_(4) {
    builder_.worker(2).worker().done(2).done(0, 1).done(1, 1).done(3, 0, Outcome::succeeded, 3ms);
    SessionRecord& lost = records().sessions[1];
    lost.end = SessionEnd::lost;
    lost.end_reason = "it fell silent";
    lost.goodbye.reset();
    for (SessionRecord& session : records().sessions) {
      session.clock.add({Instant(999s), Instant(7s), Instant(7s + 1us)}, Instant(999s + 33us));
    }
    account_ = {123ms, 4ms, 5us, {0.75, 12'345'678}, 0, 0};
  }

  RunRecords& records() { return builder_.records(); }

  void keep(bool finished) {
    JournalRun run;
    run.spec = records().spec;
    run.request = R"({"arguments": []})";
    const auto journal = create_journal(run);
    Commit commit;
    add_outcomes(records(), 0, commit);
    for (std::uint32_t s = 0; s < 2; ++s) {
      commit.sessions.push_back(committed_session(records(), SessionIndex{s}));
    }
    commit.counters = committed_counters(records(), 0);
    ASSERT_TRUE(journal->commit(commit));
    ASSERT_TRUE(!finished || journal->finish(records(), account_));
  }

  Summary summary_at_the_end() {
    const auto order = finish_order(records());
    Summary summary = summarize(records(), order);
    summary.failed_checks = validate(records(), order, summary.lower_bound);
    summary.startup = account_.startup;
    summary.planning = account_.planning;
    summary.validation = account_.validation;
    summary.coordinator = account_.coordinator;
    summary.exit_status = account_.exit_status;
    return summary;
  }

  /// Exit status; out_ and err_ are what it wrote.
  template <class Command>
  int run(Command command) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = command();
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return status;
  }
  int report(ReportFormat format = ReportFormat::text) {
    return run([&] { return run_report({path(), format}); });
  }
  int validate_again() {
    return run([&] { return run_validate({path()}); });
  }

  RunRecordsBuilder builder_;
  FinalAccount account_;
  std::string out_;
  std::string err_;
};

TEST_F(ReportCommandTest, ReportsTheSameAsAtTheEnd) {
  keep(true);
  const Summary summary = summary_at_the_end();
  EXPECT_EQ(report(ReportFormat::json), 0);
  EXPECT_EQ(out_, dump(run_document(records(), summary, KindDisplay()), 2) + "\n");
  EXPECT_EQ(err_, failed_checks_text(summary) + summary_text(records(), summary, KindDisplay()));
  EXPECT_EQ(report(), 0);
  EXPECT_EQ(out_,
            "4 async tasks finished in 2.01 seconds.\n4 async tasks validated in 0.00 seconds.\n");
  EXPECT_EQ(err_, summary_text(records(), summary, KindDisplay()));
}

TEST_F(ReportCommandTest, ReportsAnUnfinishedRun) {
  keep(false);
  EXPECT_EQ(report(), 0);
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_THAT(err_, HasSubstr("the run is not finished: 4 of 4 tasks have an outcome\n"));
  EXPECT_EQ(validate_again(), 3);
  EXPECT_EQ(err_, "rollcall validate: the run is not finished: 4 of 4 tasks have an outcome\n");
}

TEST_F(ReportCommandTest, CountsPendingTasksOfAnUnfinishedRun) {
  records().spec.task_count = 7;
  keep(false);
  EXPECT_EQ(report(ReportFormat::json), 0);
  const auto document = nlohmann::json::parse(out_);
  std::uint64_t sum = 0;
  for (const auto& [name, count] : document["outcomes"].items()) sum += count.get<std::uint64_t>();
  EXPECT_EQ(sum, 7U);
  EXPECT_EQ(document["outcomes"]["pending"], 3);
  EXPECT_GT(document["measured_seconds"], 0);
  for (const char* unknown :
       {"startup_seconds", "planning_seconds", "lower_bound_seconds", "overhead_seconds",
        "overhead_percent", "validated", "validation_seconds", "resources"}) {
    EXPECT_TRUE(document[unknown].is_null()) << unknown;
  }
}

TEST_F(ReportCommandTest, ValidatesAgain) {
  keep(true);
  EXPECT_EQ(validate_again(), 0);
  EXPECT_THAT(out_, HasSubstr("4 async tasks validated in "));
  EXPECT_THAT(err_, IsEmpty());
}

TEST_F(ReportCommandTest, ValidatesAgainAsADocument) {
  const auto document = [&] {
    const auto json = nlohmann::json::parse(out_);
    const std::string schema = "/docs/reference/validation-1.schema.json";
    std::ifstream file(ROLLCALL_SOURCE_DIR + schema);
    EXPECT_EQ(JsonSchema(nlohmann::json::parse(file)).misfit(json), "");
    return json;
  };
  const auto validate_to_json = [&] {
    return run([&] { return run_validate({path(), OutputFormat::json}); });
  };
  keep(false);
  EXPECT_EQ(validate_to_json(), 3);
  EXPECT_EQ(document()["finished"], false);
  EXPECT_EQ(document()["validated"], nullptr);
  remove_journal();
  keep(true);
  EXPECT_EQ(validate_to_json(), 0);
  EXPECT_EQ(document()["validated"], true);
  EXPECT_EQ(document()["exit_status"], 0);
  remove_journal();
  records().elapsed[0] = 1s;  // of a pause of 2 s
  keep(true);
  EXPECT_EQ(validate_to_json(), 3);
  EXPECT_EQ(document()["validated"], false);
  EXPECT_EQ(document()["failed_checks"][0]["check"], "not_early");
}

TEST_F(ReportCommandTest, ReportsFailedChecks) {
  records().elapsed[0] = 1s;  // of a pause of 2 s
  keep(true);
  EXPECT_EQ(validate_again(), 3);
  EXPECT_THAT(out_, HasSubstr("4 async tasks failed validation in "));
  EXPECT_THAT(err_, HasSubstr("validation failed: not_early: "));
  EXPECT_EQ(report(), 0);
  EXPECT_THAT(err_, HasSubstr("validation failed: not_early: "));
}

TEST_F(ReportCommandTest, ReportsAMissingJournal) {
  EXPECT_EQ(report(), 2);
  EXPECT_EQ(err_, "rollcall report: journal " + path() + " does not exist\n");
  EXPECT_EQ(validate_again(), 2);
  EXPECT_EQ(err_, "rollcall validate: journal " + path() + " does not exist\n");
}

TEST_F(ReportCommandTest, LeavesAFinishedJournalAsOneFile) {
  keep(true);
  EXPECT_FALSE(std::filesystem::exists(path("run.db-wal")));
  std::filesystem::copy_file(path(), path("copy.db"));
  EXPECT_EQ(run([&] { return run_validate({path("copy.db")}); }), 0);
}

}  // namespace
}  // namespace rollcall::coordinator
