#include "coordinator/journal/journal.h"

#include "tests/unit/journal_fixture.h"

namespace rollcall::coordinator {
namespace {

TEST_F(JournalTest, GivesTheRecordsOfItsCommitsAgain) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const JournalRun run = journal_run(static_cast<std::uint32_t>(seed * 40));
    auto commits = RandomCommits(run.spec, seed).all(200);
    {
      auto journal = begun(run);
      for (const auto& commit : commits) ASSERT_TRUE(journal->commit(*commit));
    }
    auto journal = Journal::open(path());
    ASSERT_TRUE(journal) << journal.error().message;
    const auto content = (*journal)->load();
    ASSERT_TRUE(content) << content.error().message;
    expect_same(content->records, replayed(run.spec, commits));
    EXPECT_EQ(content->published, commits.empty() ? 0 : commits.back()->counters.published);
    EXPECT_FALSE(content->account.has_value());
    journal->reset();
    std::filesystem::remove(path());
  }
}

}  // namespace
}  // namespace rollcall::coordinator
