// The journal as a file: exclusive use, invalid files, reports and validation.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/journaled_run.h"

namespace rollcall::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class JournalFile : public JournaledRuns {
 protected:
  /// Expects status 2 and one line on standard error that contains all of `texts`.
  void expect_refused(Program& program, const std::vector<std::string>& texts) {
    EXPECT_EQ(program.wait(), 2) << program.story();
    EXPECT_THAT(lines_of(program.err()), SizeIs(1)) << program.story();
    for (const std::string& text : texts) EXPECT_THAT(program.err(), HasSubstr(text));
  }
  void expect_all_commands_refuse(const std::string& path, const std::string& text) {
    for (const char* name : {"resume", "report", "validate"}) {
      expect_refused(command({name, path}), {path, text});
    }
  }
};

TEST_F(JournalFile, ResumeOptionStartsARunOrResumesTheSameOne) {
  const Arguments request = {"-n", "60", "--pause-min", "0.3", "--pause-max", "6", "--resume"};
  Program& run = journaled_run(request);
  ASSERT_TRUE(wait_for_events(run, "done", 5));
  kill_coordinator(run);
  expect_refused(journaled_run({"-n", "70", "--pause-min", "0.3", "--pause-max", "7", "--resume"}),
                 {"--task-count 60 and not 70", "--pause-max 6s and not 7s"});
  expect_refused(journaled_run({"-n", "60"}), {"already exists"});
  Program& resumed = journaled_run(request);
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_GT(summary_of(resumed)["attempts"]["adopted"], 0);
  Program& again = journaled_run(request);
  EXPECT_EQ(again.wait(), 0) << again.story();
  EXPECT_THAT(again.err(), HasSubstr("is finished"));
  EXPECT_EQ(again.out(), "") << "standard output has only JSON lines";
  Program& once_more = command({"resume", journal()});
  EXPECT_EQ(once_more.wait(), 0) << once_more.story();
  EXPECT_THAT(once_more.err(), HasSubstr("is finished"));
}

TEST_F(JournalFile, RefusesASecondCoordinator) {
  Program& run = begun_run(100, 5);
  expect_refused(command({"resume", journal()}), {journal(), "in use"});
  EXPECT_EQ(command({"report", journal()}).wait(), 0) << "reading is allowed";
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(JournalFile, RefusesOtherFiles) {
  expect_all_commands_refuse(file("missing"), "does not exist");
  std::ofstream(file("text")) << std::string(5000, 'x');
  expect_all_commands_refuse(file("text"), "not a journal");
  std::ofstream(file("empty"));
  expect_all_commands_refuse(file("empty"), "not a journal");
  fs::create_directory(file("directory"));
  expect_all_commands_refuse(file("directory"), "not a journal");
  EXPECT_EQ(contents_of(file("text")), std::string(5000, 'x')) << "the file was changed";
}

TEST_F(JournalFile, RefusesOtherVersionsAndDamagedFiles) {
  finished_run();
  fs::copy_file(journal(), file("other"));
  sql(file("other"), "PRAGMA user_version = 99");
  expect_all_commands_refuse(file("other"), "version 99");
  fs::copy_file(journal(), file("cut"));
  fs::resize_file(file("cut"), fs::file_size(journal()) / 2);
  expect_all_commands_refuse(file("cut"), "damaged");
}

/// What a journal has acknowledged is there, or the journal is refused, however often one tries.
TEST_F(JournalFile, RefusesAJournalThatHasLostItsLog) {
  Program& run = begun_run(200, 60);
  // The commit counter is written once a second.
  const auto counted = [this] { return contents_of(journal() + "-commits"); };
  const std::string before = counted();
  ASSERT_TRUE(wait_until([&] { return counted() != before; }));
  for (const pid_t worker : kill_coordinator(run)) ::kill(worker, SIGKILL);
  const std::string log = contents_of(journal() + "-wal");
  const auto refused_with = [&](const std::string& rest) {
    for (const char* part : {"", "-commits"}) {
      fs::copy_file(journal() + part, file("lost") + part, fs::copy_options::overwrite_existing);
    }
    for (int i = 0; i < 2; ++i) {
      std::ofstream(file("lost-wal"), std::ios::binary) << rest;
      if (rest.empty()) fs::remove(file("lost-wal"));
      expect_all_commands_refuse(file("lost"), "is damaged: " + file("lost-wal") + " is missing");
    }
  };
  refused_with("");
  refused_with(log.substr(0, log.size() / 3));
  std::string flipped = log;
  flipped[log.size() / 3] = static_cast<char>(flipped[log.size() / 3] ^ 1);
  refused_with(flipped);
  fs::copy_file(journal(), file("alone"));
  expect_all_commands_refuse(file("alone"), "is damaged: " + file("alone-wal") + " is missing");

  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(number_in(journal(), "SELECT count(DISTINCT task) FROM result"), 200);
  EXPECT_FALSE(fs::exists(journal() + "-commits")) << "left behind";
}

TEST_F(JournalFile, RefusesChangedRows) {
  finished_run();
  for (const char* change :
       {"DELETE FROM epoch", "UPDATE run SET request = '[1]'",
        "UPDATE run SET request = replace(request, 'a', 'b')",
        "UPDATE outcome SET elapsed_ns = 1000 WHERE task = 7", "UPDATE session SET pid = 1"}) {
    SCOPED_TRACE(change);
    fs::copy_file(journal(), file("changed"), fs::copy_options::overwrite_existing);
    sql(file("changed"), change);
    expect_all_commands_refuse(file("changed"), "is damaged: ");
  }
}

/// The first programs wrote journals like this.
void make_version_1(const std::string& journal) {
  for (const char* statement :
       {"DROP TABLE checksum", "DROP TABLE history", "ALTER TABLE batch DROP COLUMN digest",
        "ALTER TABLE session DROP COLUMN begun", "ALTER TABLE session DROP COLUMN ended",
        "ALTER TABLE run ADD COLUMN kind TEXT NOT NULL DEFAULT 'sleep'",
        "ALTER TABLE run ADD COLUMN task_count INTEGER NOT NULL DEFAULT 0",
        "UPDATE run SET task_count = (SELECT task_count FROM job)", "DROP TABLE job",
        "DROP TABLE segment", "DROP TABLE output", "PRAGMA user_version = 1"}) {
    sql(journal, statement);
  }
  fs::remove(journal + "-commits");
}

TEST_F(JournalFile, ResumesARunOfVersion1) {
  Program& run = begun_run(60, 10);
  kill_coordinator(run);
  make_version_1(journal());
  Program& report = command({"report", journal()});
  EXPECT_EQ(report.wait(), 0) << report.story();
  EXPECT_EQ(number_in(journal(), "PRAGMA user_version"), 1);
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(number_in(journal(), "PRAGMA user_version"), 3);
  EXPECT_EQ(number_in(journal(), "SELECT sum(task_count) FROM job"), 60);
  EXPECT_EQ(number_in(journal(), "SELECT count(DISTINCT task) FROM result"), 60);
  EXPECT_EQ(command({"validate", journal()}).wait(), 0);
}

TEST_F(JournalFile, MentionsResumeIfTheJournalExists) {
  finished_run();
  expect_refused(journaled_run({"-n", "60"}),
                 {journal() + " already exists", "rollcall resume " + journal()});
  std::ofstream(file("text")) << "something else";
  Program& other = rollcall({"-n", "1", "--pause", "0", "--journal", file("text")});
  expect_refused(other, {"already exists"});
  EXPECT_THAT(other.err(), testing::Not(HasSubstr("resume")));
}

TEST_F(JournalFile, ResumeTakesOptionsForItsOutput) {
  Program& run = begun_run(60, 10);
  kill_coordinator(run);
  Program& resumed = command({"resume", journal(), "--output", "json", "-o", file("rows.csv"), "-q",
                              "--progress", "none"});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(document_of(resumed)["outcomes"]["succeeded"], 60);
  EXPECT_THAT(lines_of(contents_of(file("rows.csv"))), SizeIs(61));
  EXPECT_EQ(resumed.err(), "");
}

TEST_F(JournalFile, ReportObeysTheDefaultOutput) {
  finished_run();
  for (const char* output : {"json", "jsonl"}) {
    Program& report = start({programs_directory() / "rollcall",
                             {"report", journal()},
                             {{"ROLLCALL_OUTPUT", output}},
                             {},
                             {}});
    EXPECT_EQ(report.wait(), 0) << report.story();
    EXPECT_EQ(document_of(report)["task_count"], 40);
  }
}

TEST_F(JournalFile, ReportsAnUnwritableDirectoryAtTheStart) {
  const auto refused = [this](const std::string& path) {
    expect_refused(rollcall({"-n", "1", "--pause", "0", "--journal", path}), {path});
  };
  refused("/proc/run.journal");
  refused(file("nowhere/run.journal"));
  if (::geteuid() == 0) return;  // root may write everywhere
  fs::create_directory(file("closed"));
  fs::permissions(file("closed"), fs::perms::owner_read | fs::perms::owner_exec);
  refused(file("closed/run.journal"));
}

TEST_F(JournalFile, JsonReportEqualsTheSummaryOfTheRun) {
  Program& run = begun_run(100, 20);
  kill_coordinator(run);
  Program& resumed = command({"resume", journal()});
  ASSERT_EQ(resumed.wait(), 0) << resumed.story();
  json printed = summary_of(resumed);
  Program& report = command({"report", journal(), "--output", "json"});
  EXPECT_EQ(report.wait(), 0) << report.story();
  json document = document_of(report);
  printed.erase("event");
  printed.erase("time");
  EXPECT_EQ(document, printed) << json::diff(printed, document);
}

TEST_F(JournalFile, TextReportEqualsTheSummaryOfTheRun) {
  Program& run = rollcall(
      {"-n", "20", "--pause", "50ms", "-w", "2", "--journal", journal(), "--task-lines", "never"});
  ASSERT_EQ(run.wait(), 0) << run.story();
  Program& report = command({"report", journal()});
  EXPECT_EQ(report.wait(), 0);
  EXPECT_EQ(report.out(), run.out());
  const std::string summary = run.err();
  EXPECT_EQ(report.err(), summary.substr(summary.find("expected  ")));
}

TEST_F(JournalFile, ReportsAnUnfinishedRun) {
  Program& run = begun_run(100, 20);
  for (const pid_t worker : kill_coordinator(run)) ::kill(worker, SIGKILL);
  Program& report = command({"report", journal()});
  EXPECT_EQ(report.wait(), 0) << report.story();
  EXPECT_THAT(report.err(), HasSubstr("the run is not finished"));
  Program& validate = command({"validate", journal()});
  EXPECT_EQ(validate.wait(), 3) << validate.story();
  EXPECT_THAT(validate.err(), HasSubstr("the run is not finished"));
}

TEST_F(JournalFile, ValidateDetectsModifiedRows) {
  finished_run();
  EXPECT_EQ(command({"validate", journal()}).wait(), 0);
  const auto with = [this](const std::string& change) -> Program& {
    fs::copy_file(journal(), file("changed"), fs::copy_options::overwrite_existing);
    // As in a journal of an earlier version: with checksums the change would be damage.
    sql(file("changed"), "DROP TABLE checksum");
    sql(file("changed"), "ALTER TABLE batch DROP COLUMN digest");
    sql(file("changed"), change);
    Program& validate = command({"validate", file("changed")});
    EXPECT_EQ(validate.wait(), 3) << change << "\n" << validate.story();
    return validate;
  };
  EXPECT_THAT(with("UPDATE outcome SET elapsed_ns = 1000 WHERE task = 7").err(),
              AllOf(HasSubstr("not_early"), HasSubstr("(1 task: 7)")));
  EXPECT_THAT(with("UPDATE outcome SET started_ns = started_ns - 1000000000 WHERE task = 7").err(),
              HasSubstr("start_after_dispatch"));
  EXPECT_THAT(with("UPDATE session SET goodbye_outcomes = goodbye_outcomes + 1").err(),
              HasSubstr("worker_counts"));
  EXPECT_THAT(with("INSERT INTO odd_result VALUES (3, 1)").err(), HasSubstr("result"));
}

TEST_F(JournalFile, MissingAndDuplicateRowsAreDamage) {
  finished_run();
  sql(journal(), "UPDATE outcome SET task = 1 WHERE task = 2");
  expect_all_commands_refuse(journal(), "damaged");
}

/// Journals on a small file system of their own.
class FullDisk : public JournaledRuns {
 protected:
  ~FullDisk() override {
    if (is_mounted_) ::umount2(file("disk").c_str(), MNT_DETACH);
  }
  std::string disk_journal() const { return file("disk/run.journal"); }
  bool mount(const char* size) {
    fs::create_directory(file("disk"));
    is_mounted_ = ::mount("tmpfs", file("disk").c_str(), "tmpfs", 0, size) == 0;
    return is_mounted_;
  }
  void fill(std::size_t bytes) {
    std::ofstream(file("disk/other")) << std::string(bytes, 'x') << std::flush;
  }
  void make_room() {
    fs::remove(file("disk/other"));
    EXPECT_EQ(::mount("tmpfs", file("disk").c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
  }
  /// A run of 8,000 tasks whose journal has room for fewer.
  Program& run_without_room(const Arguments& more = {}) {
    fill(200'000);
    return rollcall(Arguments{"-n", "8000", "-j", "50", "--pause", "5ms", "-w", "2", "--output",
                              "jsonl", "--journal", disk_journal()} +
                    more);
  }

 private:
  bool is_mounted_ = false;
};

TEST_F(FullDisk, EndsTheRunAtAFileSizeLimit) {
  // Unlike a full disk, a file size limit is permanent, so the run ends.
  const std::string line =
      "ulimit -f 160; exec env --default-signal=XFSZ " +
      (programs_directory() / "rollcall").string() + " sleep --on-end 'cat > " + file("document") +
      "' -n 20000 -j 20 --pause 1ms -w 2 --output jsonl --journal " + journal();
  Program& run = start({"/bin/bash", {"-c", line}, {}, {}, file("out-of-limit")});
  EXPECT_EQ(run.wait(), 6) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("cannot write journal " + journal()));
  EXPECT_THAT(run.err(), HasSubstr("to continue: rollcall resume " + journal()));
  EXPECT_THAT(contents_of(file("document")), HasSubstr("\"finished\": false"));
  const std::size_t published = events_of(run, "done").size();
  EXPECT_GE(number_in(journal(), "SELECT count(*) FROM outcome"), published);
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(number_in(journal(), "SELECT count(DISTINCT task) FROM result"), 20000);
}

TEST_F(FullDisk, ASignalEndsTheRun) {
  if (!mount("size=400k")) GTEST_SKIP() << "cannot mount a small file system";
  Program& run = run_without_room();
  EXPECT_TRUE(run.wait_for_err("results are accepted again when there is space"));
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait(), 128 + SIGTERM) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("results are not saved\n"));
  EXPECT_TRUE(wait_for_no_process());
  make_room();
  Program& resumed = command({"resume", disk_journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(summary_of(resumed)["outcomes"]["succeeded"], 8000);
}

TEST_F(FullDisk, ARunTimeoutEndsTheRun) {
  if (!mount("size=400k")) GTEST_SKIP() << "cannot mount a small file system";
  Program& run = run_without_room({"--run-timeout", "5s"});
  EXPECT_EQ(run.wait(), 5) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("results are not saved\n"));
  EXPECT_TRUE(wait_for_no_process());
}

TEST_F(FullDisk, EndsAResumeThatCannotBegin) {
  if (!mount("size=1m")) GTEST_SKIP() << "cannot mount a small file system";
  Program& run = rollcall({"-n", "200", "-j", "50", "--pause", "1500ms", "-w", "1", "--output",
                           "jsonl", "--journal", disk_journal()});
  ASSERT_TRUE(wait_for_events(run, "done", 50));
  for (const pid_t worker : kill_coordinator(run)) ::kill(worker, SIGKILL);
  fill(2'000'000);
  Program& resumed = command({"resume", disk_journal()});
  EXPECT_EQ(resumed.wait(), 2) << resumed.story();
  EXPECT_THAT(resumed.err(), HasSubstr("the disk is full"));
  EXPECT_THAT(resumed.err(), testing::Not(HasSubstr("damaged")));
  make_room();
  Program& again = command({"resume", disk_journal()});
  EXPECT_EQ(again.wait(), 0) << again.story();
}

TEST_F(FullDisk, PausesTheRunUntilThereIsSpace) {
  if (!mount("size=400k")) GTEST_SKIP() << "cannot mount a small file system";
  Program& run = run_without_room();
  const bool logged = run.wait_for_err("results are accepted again when there is space");
  const std::size_t published = events_of(run, "done").size();
  EXPECT_GE(number_in(disk_journal(), "SELECT count(*) FROM outcome"), published);
  EXPECT_LT(published, 8000);
  make_room();
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_TRUE(logged);
  EXPECT_THAT(run.err(), HasSubstr("the journal can be written again"));
  EXPECT_EQ(summary_of(run)["outcomes"]["succeeded"], 8000);
  EXPECT_EQ(summary_of(run)["attempts"]["retried"], 0);
}

}  // namespace
}  // namespace rollcall::integration
