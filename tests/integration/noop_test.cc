// `rollcall noop` as its user sees it.
#include <gmock/gmock.h>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Noop : public ProgramsTest {
 protected:
  Program& noop(const Arguments& arguments) {
    const auto program = (programs_directory() / "rollcall").string();
    return start({program, Arguments{"noop"} + arguments, {}, {}, {}});
  }
};

TEST_F(Noop, PrintsHowLongTheTasksTook) {
  Program& run = noop({"-n", "20000"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.out(), MatchesRegex("20000 async tasks finished in [0-9.]+ seconds\\.\n"
                                      "20000 async tasks validated in [0-9.]+ seconds\\.\n"));
  EXPECT_THAT(run.err(), HasSubstr("outcomes  20000 succeeded\n"));
  EXPECT_THAT(run.err(), Not(HasSubstr("lateness")));
}

TEST_F(Noop, HasADocument) {
  Program& run = noop({"-n", "5000", "--slots", "3", "--output", "json"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  const nlohmann::json document = document_of(run);
  EXPECT_EQ(document["kind"], "noop");
  EXPECT_EQ(document["outcomes"]["succeeded"], 5000);
  EXPECT_EQ(document["validated"], true);
  EXPECT_TRUE(document["seed"].is_null());
  EXPECT_TRUE(document["lateness_seconds"].is_null());
}

TEST_F(Noop, IsInAJournalThatCanBeReported) {
  EXPECT_EQ(noop({"-n", "5000", "--journal", file("run.db"), "-q"}).wait(), 0);
  Program& report =
      start({(programs_directory() / "rollcall").string(), {"report", file("run.db")}, {}, {}, {}});
  EXPECT_EQ(report.wait(), 0) << report.story();
  EXPECT_THAT(report.out(), HasSubstr("5000 async tasks finished in "));
  Program& resume =
      start({(programs_directory() / "rollcall").string(), {"resume", file("run.db")}, {}, {}, {}});
  EXPECT_EQ(resume.wait(), 0) << resume.story();
}

}  // namespace
}  // namespace rollcall::integration
